// Windows from a layer's description: padding worked out, and what does not fit refused.
#include "conv2d.hpp"

namespace steep {

Window make_window(const LayerSpec& spec, const Shape& input) {
  if (input.size() != 3)
    throw std::invalid_argument("input must be an image (height, width, channels), got shape " + to_text(input) +
                                (input.size() == 2 ? ": give input_shape a third side of 1 for one channel" : ""));
  const auto pair = [](const Shape& values, const char* name, Index least) {
    constexpr Index most = Index{1} << 30;  // products of two fit an Index
    for (const Index value : values)
      if (values.size() != 2 || value < least || value > most)
        throw std::invalid_argument(std::string(name) + " must be two from " + std::to_string(least) + " to " +
                                    std::to_string(most) + ", got " + to_text(values));
  };
  pair(spec.window, "kernel", 1);
  pair(spec.strides, "strides", 1);
  pair(spec.dilation, "dilation", 1);
  pair(spec.padding, "padding", 0);
  Index out[2], before[2];
  for (std::size_t i = 0; i < 2; ++i) {
    const Index side = input[i], reach = (spec.window[i] - 1) * spec.dilation[i] + 1, step = spec.strides[i];
    const std::string window = spec.kind == "conv2d" ? "kernel" : "pool";
    if (!spec.same && side + 2 * spec.padding[i] < reach)
      throw std::invalid_argument(window + " must fit into the padded input: " + window + " " + to_text(spec.window) +
                                  (reach == spec.window[i] ? "" : " with dilation " + to_text(spec.dilation)) +
                                  ", input " + to_text(input) + ", padding " + to_text(spec.padding) +
                                  " would leave an output without entries");
    if (step > side)
      throw std::invalid_argument("strides must be at most the input's sides " + to_text(input) + ", got " +
                                  to_text(spec.strides));
    if (spec.same) {  // output ceil(side / stride), the odd row of padding at the end
      out[i] = (side + step - 1) / step;
      before[i] = std::max<Index>((out[i] - 1) * step + reach - side, 0) / 2;
    } else {
      before[i] = spec.padding[i];
      out[i] = (side + 2 * spec.padding[i] - reach) / step + 1;
    }
  }
  checked_entries({out[0], out[1], input[2]}, "output");
  return {input[0],        input[1],         input[2],         spec.window[0], spec.window[1], spec.strides[0],
          spec.strides[1], spec.dilation[0], spec.dilation[1], before[0],      before[1],      out[0],
          out[1]};
}

}  // namespace steep
