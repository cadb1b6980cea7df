// Predictions block by block: memory is bounded by one block a thread, whatever the number of rows.
#include <atomic>

#include "steep/finite.hpp"
#include "steep/kernels.hpp"
#include "steep/network.hpp"

namespace steep {
namespace {

constexpr Index block_rows = 64;
constexpr Index few_rows = 8;             // fewer are not worth the making of panels
constexpr double flops_per_thread = 4e6;  // work that pays for waking a thread

// What one thread needs for a block, in one piece of memory.
template <class T>
struct Space {
  Space(const Network<T>& net, Index rows) {
    const Index widest = net.size() > 1 ? rows * net.widest() : 0;
    Index cache_size = 0, workspace_size = 0;
    for (Index l = 0; l < net.size(); ++l) {
      cache_size = std::max(cache_size, rows * net.layer(l).cache_entries());
      workspace_size = std::max(workspace_size, net.layer(l).forward_workspace_size(rows));
    }
    const Index sizes[] = {rows * net.inputs(), widest, net.size() > 2 ? widest : 0, cache_size, workspace_size};
    T** const places[] = {&input, &a, &b, &cache, &workspace};
    Index total = 0;
    for (Index size : sizes) total += (size + 15) / 16 * 16;  // each at the start of a cache line
    memory.resize(total);
    total = 0;
    for (int i = 0; i < 5; ++i) {
      *places[i] = memory.data() + total;
      total += (sizes[i] + 15) / 16 * 16;
    }
  }
  Buffer<T> memory;
  T *input, *a, *b, *cache, *workspace;
};

// Python looks for the value itself first; this is what remains, numbers that are too large once scaled and converted.
template <class T>
[[noreturn]] void refuse_row(const T* in, Index first, Index columns) {
  while (all_finite(in, columns)) {
    in += columns;
    ++first;
  }
  throw std::invalid_argument("X must be finite and, scaled, within the range of the network's dtype, got row " +
                              std::to_string(first));
}

template <class T>
void predict_block(const Network<T>& net, const Packed<T>* packed, const T* w, T* state, const Dataset<T>& x, bool raw,
                   Index first, Index rows, Space<T>& space, T* out) {
  const T* in = x.rows_in_place(first);
  if (!in) {
    const Index bytes = x.element == Element::uint8 ? 1 : x.element == Element::float32 ? 4 : 8;
    const char* start = static_cast<const char*>(x.x) + first * x.row_stride * bytes;
    kernels<T>().gather.rows(x.element, start, x.row_stride, nullptr, rows, x.columns, x.scale, x.shift, space.input);
    in = space.input;
  }
  if (x.element != Element::uint8 && !all_finite(in, rows * x.columns)) refuse_row(in, first, x.columns);
  T* next = space.a;
  for (Index l = 0; l < net.size(); ++l) {
    Block<T> block;
    block.rows = rows;
    block.w = w + net.offset(l);
    block.packed = packed ? packed->of(l) : nullptr;
    block.state = state + net.state_offset(l);
    block.cache = space.cache;
    block.workspace = space.workspace;
    const bool last = l + 1 == net.size();
    block.raw = raw && last;
    T* y = last ? out : next;
    net.layer(l).forward(block, in, y);
    in = y;
    next = next == space.a ? space.b : space.a;
  }
}

}  // namespace

template <class T>
bool predict(const Network<T>& net, const T* w, const T* state, const Dataset<T>& x, bool raw, const T* out_scale,
             const T* out_shift, T* out, int n_threads, Monitor& monitor) {
  const Index k = net.outputs();
  const auto scale_outputs = [&](T* y, Index count) {
    for (Index r = 0; (out_scale || out_shift) && r < count; ++r)
      for (Index j = 0; j < k; ++j)
        y[r * k + j] = (out_scale ? out_scale[j] : T(1)) * y[r * k + j] + (out_shift ? out_shift[j] : T(0));
  };
  if (x.n < few_rows) {
    Space<T> space(net, x.n);
    predict_block(net, static_cast<const Packed<T>*>(nullptr), w, const_cast<T*>(state), x, raw, 0, x.n, space, out);
    scale_outputs(out, x.n);
    return true;
  }
  const Index rows = std::min(block_rows, x.n), blocks = (x.n + rows - 1) / rows;
  const double flops = net.flops_per_row() * static_cast<double>(x.n);
  if (n_threads < 1) n_threads = default_threads();
  Team team(std::max(1, std::min({n_threads, static_cast<int>(std::min<Index>(blocks, 1 << 20)),
                                  static_cast<int>(std::min(flops / flops_per_thread, 1e6))})));
  Packed<T> packed(net, false);
  packed.make(w, team);
  std::vector<std::unique_ptr<Space<T>>> spaces;
  for (int i = 0; i < team.size(); ++i) spaces.push_back(std::make_unique<Space<T>>(net, rows));
  std::atomic<bool> stop{false};
  team.run(blocks, [&](Index task, int member) {
    if (stop.load(std::memory_order_relaxed)) return;
    if (member == 0 && monitor.poll()) return stop.store(true);
    const Index first = task * rows, count = std::min(rows, x.n - first);
    T* y = out + first * k;
    predict_block(net, &packed, w, const_cast<T*>(state), x, raw, first, count,
                  *spaces[static_cast<std::size_t>(member)], y);
    scale_outputs(y, count);
  });
  return !stop.load();
}

template bool predict(const Network<float>&, const float*, const float*, const Dataset<float>&, bool, const float*,
                      const float*, float*, int, Monitor&);
template bool predict(const Network<double>&, const double*, const double*, const Dataset<double>&, bool, const double*,
                      const double*, double*, int, Monitor&);

}  // namespace steep
