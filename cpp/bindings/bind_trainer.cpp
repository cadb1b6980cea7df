// Trainer32 and Trainer64: a training run that goes on call after call.
#include "network_border.hpp"
#include "steep/trainer.hpp"

namespace steep {
namespace {

// The trainer with the Python objects whose memory it reads.
template <class T>
class Training {
 public:
  Training(py::object network, const Array<T>& parameters, const Array<T>& state, const py::array& X,
           const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels, const OptionalArray<double>& weights,
           const OptionalArray<T>& input_scale, const OptionalArray<T>& input_shift, const std::string& loss,
           double loss_parameter, const UpdateRule& rule, const py::dict& options)
      : network_(std::move(network)), net_(network_.cast<const Network<T>&>()) {
    const T* w = vector_of_size(parameters, net_.parameter_count(), "parameters");
    const T* s = vector_of_size(state, net_.state_count(), "state");
    scale_ = input_scale;
    shift_ = input_shift;
    LossPlan plan = loss_plan(net_.output_activation(), loss, loss_parameter, net_.outputs());
    if (options.contains("largest_loss")) plan.largest = options["largest_loss"].cast<double>();
    takes_labels_ = plan.kernel == Loss::softmax_cross_entropy || plan.kernel == Loss::cross_entropy;
    const Dataset<T> data = read(X, y, labels, weights);
    TrainOptions o;
    o.batch_size = options["batch_size"].cast<Index>();
    o.shuffle = options["shuffle"].cast<bool>();
    o.seed = options["seed"].cast<std::uint64_t>();
    o.l1 = options["l1"].cast<double>();
    o.l2 = options["l2"].cast<double>();
    const auto of_layers = [&](const char* name, auto& values) {
      if (options.contains(name)) values = options[name].cast<std::decay_t<decltype(values)>>();
    };
    of_layers("layer_l1", o.layer_l1);
    of_layers("layer_l2", o.layer_l2);
    of_layers("layer_group", o.layer_group);
    of_layers("layer_decay", o.layer_decay);
    of_layers("layer_other_decay", o.layer_other_decay);
    of_layers("layer_max_norm", o.layer_max_norm);
    of_layers("layer_non_negative", o.layer_non_negative);
    o.clip_norm = options["clip_norm"].cast<double>();
    o.n_threads = options["n_threads"].cast<int>();
    if (options.contains("augment")) {
      const auto a = options["augment"].cast<py::dict>();
      const Shape& image = net_.input_shape();
      require(image.size() == 3, "augment must be None for inputs that are no images (height, width, channels)");
      o.augment = {image[0],
                   image[1],
                   image[2],
                   a["shift"].cast<Index>(),
                   a["flip"].cast<bool>(),
                   a["rotate"].cast<double>(),
                   a["cutout"].cast<Index>()};
    }
    if (options.contains("mixup")) o.mixup = options["mixup"].cast<double>();
    if (options.contains("per_batch")) o.per_batch = options["per_batch"].cast<bool>();
    per_batch_ = o.per_batch;
    require(o.batch_size >= 1, "batch_size must be at least 1");
    require(o.n_threads >= 1, "n_threads must be at least 1");
    trainer_ = std::make_unique<Trainer<T>>(net_, w, s, data, plan, rule, o);
  }

  void set_validation(const py::array& X, const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                      const OptionalArray<double>& weights) {
    trainer_->set_validation(read(X, y, labels, weights));
  }

  void set_order(const Array<std::int64_t>& order) {
    require(per_batch_, "set_order goes with the option per_batch");
    const Index n = kept_.front().shape(0);
    require(order.ndim() == 1 && order.shape(0) == n, "order must have an entry for each row");
    for (Index i = 0; i < n; ++i) require(order.data()[i] >= 0 && order.data()[i] < n, "order must hold rows");
    trainer_->set_order(order.data());
  }

  // What the epochs gave is kept as `report`, where a Ctrl-C that comes as this returns cannot lose it.
  void run(Index epochs, const Array<double>& rates, double max_seconds, double tol) {
    require(epochs >= 0 && rates.size() >= epochs * trainer_->steps_per_epoch(), "rates must have one for each step");
    const double* eta = rates.data();
    PythonMonitor monitor;
    TrainReport report;
    {
      py::gil_scoped_release release;
      report = trainer_->run(epochs, eta, max_seconds, tol, monitor);
    }
    py::dict out;
    const auto n = static_cast<py::ssize_t>(report.loss.size());
    out["epochs"] = n;
    out["status"] = TrainReport::end_names[static_cast<int>(report.end)];
    out["step"] = report.diverged_step;
    out["loss"] = take(std::move(report.loss));
    out["objective"] = take(std::move(report.objective));
    if (!report.val_loss.empty()) out["val_loss"] = take(std::move(report.val_loss));
    if (!report.zeros.empty()) out["zeros"] = take(std::move(report.zeros));
    out["gradient_norm"] = take(std::move(report.gradient_norm));
    out["layer_gradient_norm"] = take(std::move(report.layer_gradient_norm), {n, net_.size()});
    out["layer_activation_norm"] = take(std::move(report.layer_activation_norm), {n, net_.size()});
    out["seconds"] = take(std::move(report.seconds));
    report_ = out;
  }
  py::dict report() const { return report_; }

  double evaluate(const py::array& X, const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                  const OptionalArray<double>& weights) {
    const std::size_t before = kept_.size();
    const Dataset<T> data = read(X, y, labels, weights);
    PythonMonitor monitor;
    double loss;
    {
      py::gil_scoped_release release;
      loss = trainer_->evaluate(data, monitor);
    }
    kept_.resize(before);
    return loss;
  }

  void restore(const Array<T>& parameters, const Array<T>& state, const std::vector<Array<T>>& slots, Index step,
               Index epoch, Index position, const std::vector<double>& partial, const Array<T>& start_parameters,
               const Array<T>& start_state) {
    std::vector<const T*> pointers;
    for (const Array<T>& slot : slots) pointers.push_back(vector_of_size(slot, net_.parameter_count(), "slots"));
    trainer_->restore(vector_of_size(parameters, net_.parameter_count(), "parameters"),
                      vector_of_size(state, net_.state_count(), "state"), pointers, step, epoch, position, partial,
                      vector_of_size(start_parameters, net_.parameter_count(), "start_parameters"),
                      vector_of_size(start_state, net_.state_count(), "start_state"));
  }
  void set_parameters(const Array<T>& parameters, const Array<T>& state) {
    trainer_->set_parameters(vector_of_size(parameters, net_.parameter_count(), "parameters"),
                             vector_of_size(state, net_.state_count(), "state"));
  }
  Array<T> parameters() const { return Array<T>(net_.parameter_count(), trainer_->parameters()); }
  Array<T> state() const { return Array<T>(net_.state_count(), trainer_->state()); }
  Array<T> start_parameters() const { return Array<T>(net_.parameter_count(), trainer_->start_parameters()); }
  Array<T> start_state() const { return Array<T>(net_.state_count(), trainer_->start_state()); }
  std::vector<Array<T>> slots() const {
    std::vector<Array<T>> out;
    for (Index k = 0; k < trainer_->slot_count(); ++k) out.emplace_back(net_.parameter_count(), trainer_->slot(k));
    return out;
  }
  const Trainer<T>& core() const { return *trainer_; }

 private:
  // A data set over Python's arrays, which are kept alive.
  Dataset<T> read(const py::array& X, const OptionalArray<T>& y, const OptionalArray<std::int32_t>& labels,
                  const OptionalArray<double>& weights) {
    Dataset<T> data = dataset_of(X, net_.inputs(), scale_, shift_);
    require(data.n >= 1, "X must have at least one row");
    require(!labels || takes_labels_, "labels must be left out for this loss");
    add_targets(data, net_.outputs(), y, labels, weights);
    kept_.push_back(X);
    if (y) kept_.push_back(*y);
    if (labels) kept_.push_back(*labels);
    if (weights) kept_.push_back(*weights);
    return data;
  }

  py::object network_;
  py::dict report_;
  const Network<T>& net_;
  OptionalArray<T> scale_, shift_;
  bool takes_labels_ = false;
  bool per_batch_ = false;
  std::vector<py::array> kept_;
  std::unique_ptr<Trainer<T>> trainer_;
};

template <class T>
void register_trainer_as(py::module_& m, const char* name) {
  using R = Training<T>;
  py::class_<R>(m, name, "A training run.")
      .def(py::init<py::object, const Array<T>&, const Array<T>&, const py::array&, const OptionalArray<T>&,
                    const OptionalArray<std::int32_t>&, const OptionalArray<double>&, const OptionalArray<T>&,
                    const OptionalArray<T>&, const std::string&, double, const UpdateRule&, const py::dict&>(),
           py::arg("network"), py::arg("parameters").noconvert(), py::arg("state").noconvert(),
           py::arg("X").noconvert(), py::arg("y").none(true).noconvert(), py::arg("labels").none(true).noconvert(),
           py::arg("weights").none(true).noconvert(), py::arg("input_scale").none(true).noconvert(),
           py::arg("input_shift").none(true).noconvert(), py::arg("loss"), py::arg("loss_parameter"), py::arg("rule"),
           py::arg("options"), "Arrays are read in place; parameters and state are copied.")
      .def("set_validation", &R::set_validation, py::arg("X").noconvert(), py::arg("y").none(true).noconvert(),
           py::arg("labels").none(true).noconvert(), py::arg("weights").none(true).noconvert(), "Data of val_loss.")
      .def("set_order", &R::set_order, py::arg("order").noconvert(), "Rows of the epochs to come, in order.")
      .def("run", &R::run, py::arg("epochs"), py::arg("rates").noconvert(),
           py::arg("max_seconds") = std::numeric_limits<double>::infinity(), py::arg("tol") = -1.0,
           "Up to so many further epochs.")
      .def_property_readonly("report", &R::report,
                             "What the last call of run gave: columns over epochs, and the status.")
      .def("evaluate", &R::evaluate, py::arg("X").noconvert(), py::arg("y").none(true).noconvert(),
           py::arg("labels").none(true).noconvert(), py::arg("weights").none(true).noconvert(),
           "Mean loss in inference mode.")
      .def("restore", &R::restore, py::arg("parameters").noconvert(), py::arg("state").noconvert(), py::arg("slots"),
           py::arg("step"), py::arg("epoch"), py::arg("position"), py::arg("partial"),
           py::arg("start_parameters").noconvert(), py::arg("start_state").noconvert(), "Go on from there.")
      .def("set_parameters", &R::set_parameters, py::arg("parameters").noconvert(), py::arg("state").noconvert(),
           "Replace them.")
      .def_property_readonly(
          "steps_per_epoch", [](const R& r) { return r.core().steps_per_epoch(); }, "Updates an epoch.")
      .def_property_readonly("parameters", &R::parameters, "A copy.")
      .def_property_readonly("state", &R::state, "A copy.")
      .def_property_readonly("start_parameters", &R::start_parameters, "A copy of those at the start of the epoch.")
      .def_property_readonly("start_state", &R::start_state, "A copy of that at the start of the epoch.")
      .def_property_readonly("slots", &R::slots, "Copies of the rule's arrays.")
      .def_property_readonly(
          "step", [](const R& r) { return r.core().step_count(); }, "Updates made.")
      .def_property_readonly(
          "epoch", [](const R& r) { return r.core().epoch(); }, "Whole epochs made.")
      .def_property_readonly(
          "position", [](const R& r) { return r.core().position(); }, "Steps made of the current epoch.")
      .def_property_readonly(
          "partial", [](const R& r) { return r.core().partial(); }, "Sums of the current epoch.");
}

}  // namespace

void register_trainer(py::module_& m) {
  register_trainer_as<float>(m, "Trainer32");
  register_trainer_as<double>(m, "Trainer64");
}

}  // namespace steep
