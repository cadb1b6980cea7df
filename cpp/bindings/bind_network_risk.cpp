// NetworkRisk32 and NetworkRisk64: the risk of a network as an objective.
#include "steep/network_risk.hpp"

#include "alone.hpp"
#include "network_border.hpp"

namespace steep {
namespace {

// The risk with the Python objects whose memory it reads.
template <class T>
class KeptRisk : public NetworkRisk<T> {
 public:
  KeptRisk(py::object network, const Array<T>& state, const Dataset<T>& data, const LossPlan& plan, double l1,
           double l2, int n_threads, std::vector<py::object> kept)
      : NetworkRisk<T>(network.cast<const Network<T>&>(), state.data(), data, plan, l1, l2, n_threads),
        network_(std::move(network)),
        kept_(std::move(kept)) {}

 private:
  py::object network_;
  std::vector<py::object> kept_;
};

template <class T>
std::unique_ptr<KeptRisk<T>> make_risk(const py::object& network, const Array<T>& state, const py::array& X,
                                       const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                                       const OptionalArray<double>& weights, const OptionalArray<T>& scale,
                                       const OptionalArray<T>& shift, const std::string& loss, double loss_parameter,
                                       double l1, double l2, int n_threads) {
  const auto& net = network.cast<const Network<T>&>();
  vector_of_size(state, net.state_count(), "state");
  Dataset<T> data = dataset_of(X, net.inputs(), scale, shift);
  require(data.n >= 1, "X must have at least one row");
  add_targets(data, net.outputs(), y, labels, weights);
  require(l1 >= 0 && l2 >= 0 && n_threads >= 1, "l1 and l2 must be at least 0, n_threads at least 1");
  std::vector<py::object> kept{X};
  if (y) kept.push_back(*y);
  if (labels) kept.push_back(*labels);
  if (weights) kept.push_back(*weights);
  if (scale) kept.push_back(*scale);
  if (shift) kept.push_back(*shift);
  const LossPlan plan = loss_plan(net.output_activation(), loss, loss_parameter, net.outputs());
  return std::make_unique<KeptRisk<T>>(network, state, data, plan, l1, l2, n_threads, std::move(kept));
}

template <class T>
void register_network_risk_as(py::module_& m, const char* name) {
  using R = KeptRisk<T>;
  py::class_<R, Objective>(m, name, "The risk of a network.")
      .def(py::init(&make_risk<T>), py::arg("network"), py::arg("state").noconvert(), py::arg("X").noconvert(),
           py::arg("y").none(true).noconvert(), py::arg("labels").none(true).noconvert(),
           py::arg("weights").none(true).noconvert(), py::arg("input_scale").none(true).noconvert(),
           py::arg("input_shift").none(true).noconvert(), py::arg("loss"), py::arg("loss_parameter"), py::arg("l1"),
           py::arg("l2"), py::arg("n_threads"), "Arrays are read in place; state is copied.")
      .def_property_readonly(
          "has_gauss_newton", [](const R& r) { return r.has_gauss_newton(); }, "Has a Gauss-Newton matrix.")
      .def_property_readonly(
          "l2", [](const R& r) { return r.l2(); }, "The l2 penalty; bayesian_regularization moves it while it runs.")
      .def(
          "penalize_biases",
          [](R& r) {
            Alone alone(r);
            r.penalize_biases();
          },
          "l2 on biases too, but for the last layer's.")
      .def_property_readonly(
          "penalized",
          [](const R& r) {
            py::array_t<bool> mask(static_cast<py::ssize_t>(r.penalized().size()));
            std::copy(r.penalized().begin(), r.penalized().end(), mask.mutable_data());
            return mask;
          },
          "Which parameters the penalty is on.")
      .def_property(
          "output_weights", [](const R& r) { return Vector(r.output_weights()); },
          [](R& r, const Vector& weights) {
            Alone alone(r);
            r.set_output_weights(weights);
          },
          "Weights of the squared error's outputs; empty: ones.")
      .def(
          "limit_loss",
          [](R& r, double largest) {
            Alone alone(r);
            r.limit_loss(largest);
          },
          py::arg("largest"), "The largest value of a term of the loss; derivatives do not see it.");
}

}  // namespace

void register_network_risk(py::module_& m) {
  register_network_risk_as<float>(m, "NetworkRisk32");
  register_network_risk_as<double>(m, "NetworkRisk64");
}

}  // namespace steep
