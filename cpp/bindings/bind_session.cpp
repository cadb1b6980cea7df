// Session32 and Session64: forward and backward for loops of the user's own.
#include <mutex>

#include "network_border.hpp"
#include "steep/session.hpp"

namespace steep {
namespace {

template <class T>
class Loop {
 public:
  explicit Loop(py::object network)
      : network_(std::move(network)), net_(network_.cast<const Network<T>&>()), session_(net_) {}

  Array<T> forward(const Array<T>& parameters, Array<T>& state, const py::array& X, const OptionalArray<T>& input_scale,
                   const OptionalArray<T>& input_shift, bool training, std::uint64_t seed, std::uint32_t epoch,
                   int n_threads) {
    const T* w = vector_of_size(parameters, net_.parameter_count(), "parameters");
    vector_of_size(state, net_.state_count(), "state");
    const Dataset<T> data = dataset_of(X, net_.inputs(), input_scale, input_shift);
    require(data.n >= 1, "X must have at least one row");
    require(n_threads >= 1, "n_threads must be at least 1");
    for (Index l = 0; training && l < net_.size(); ++l)
      require(data.n >= net_.layer(l).least_rows(),
              "X must have at least " + std::to_string(net_.layer(l).least_rows()) + " rows in training, for layer " +
                  std::to_string(l) + " (" + net_.layer(l).kind() + "), got " + std::to_string(data.n));
    T* s = state.mutable_data();
    Array<T> out({data.n, net_.outputs()});
    T* y = out.mutable_data();
    py::gil_scoped_release release;
    const std::lock_guard<std::mutex> alone(busy_);
    session_.forward(w, s, data, training, seed, epoch, n_threads, y);
    return out;
  }

  py::object backward(Array<T>& state, const Array<T>& dY, Array<T>& gradient, bool accumulate, bool inputs,
                      int n_threads) {
    vector_of_size(state, net_.state_count(), "state");
    vector_of_size(gradient, net_.parameter_count(), "gradient");
    require(dY.ndim() == 2 && dY.shape(1) == net_.outputs(),
            "dY must have shape (n, " + std::to_string(net_.outputs()) + "), that of forward's outputs");
    const Index n = dY.shape(0);
    T *g = gradient.mutable_data(), *s = state.mutable_data();
    std::optional<Array<T>> dX;
    if (inputs) dX = Array<T>({n, net_.inputs()});
    const T* dy = dY.data();
    T* dx = inputs ? dX->mutable_data() : nullptr;
    {
      py::gil_scoped_release release;
      const std::lock_guard<std::mutex> alone(busy_);
      require(n > 0 && n == session_.rows(), "dY must have the rows of the last forward, " +
                                                 std::to_string(session_.rows()) + ", got " + std::to_string(n));
      session_.backward(s, dy, g, accumulate, dx, n_threads);
    }
    return inputs ? py::object(*dX) : py::none();
  }

 private:
  py::object network_;
  const Network<T>& net_;
  Session<T> session_;
  std::mutex busy_;  // taken without the GIL
};

template <class T>
void register_session_as(py::module_& m, const char* name) {
  using L = Loop<T>;
  py::class_<L>(m, name, "Forward and backward of a batch.")
      .def(py::init<py::object>(), py::arg("network"), "Of an architecture.")
      .def("forward", &L::forward, py::arg("parameters").noconvert(), py::arg("state").noconvert(),
           py::arg("X").noconvert(), py::arg("input_scale").none(true).noconvert(),
           py::arg("input_shift").none(true).noconvert(), py::arg("training"), py::arg("seed"), py::arg("epoch"),
           py::arg("n_threads"), "Outputs (n, n_outputs); state is written in training.")
      .def("backward", &L::backward, py::arg("state").noconvert(), py::arg("dY").noconvert(),
           py::arg("gradient").noconvert(), py::arg("accumulate"), py::arg("inputs"), py::arg("n_threads"),
           "Fills the parameters' gradient of sum(dY * outputs); returns the one of the scaled inputs, or None.");
}

}  // namespace

void register_session(py::module_& m) {
  register_session_as<float>(m, "Session32");
  register_session_as<double>(m, "Session64");
}

}  // namespace steep
