// Update rules on arrays of the caller, and the gather of rows (which only tests reach from Python).
#include <algorithm>
#include <optional>

#include "pybind.hpp"
#include "steep/kernels.hpp"
#include "steep/team.hpp"
#include "steep/update_rule.hpp"

namespace steep {
namespace {

using Arrays = py::typing::List<py::array>;
using Slots = py::typing::List<Arrays>;

// One parameter array with what belongs to it. All point at n entries of one type.
struct Item {
  Index n = 0;
  bool is_double = false;
  void* theta = nullptr;
  const void* g = nullptr;
  void* slot[3] = {};
};

template <class T>
bool exact(py::handle object, bool writeable) {
  if (!py::isinstance<Array<T>>(object)) return false;
  const auto array = py::reinterpret_borrow<py::array>(object);
  return (!writeable || array.writeable()) && reinterpret_cast<std::uintptr_t>(array.data()) % alignof(T) == 0;
}

bool overlap(const void* a, const void* b, std::size_t bytes) {
  const auto x = reinterpret_cast<std::uintptr_t>(a), y = reinterpret_cast<std::uintptr_t>(b);
  return x < y + bytes && y < x + bytes;
}

// False unless params and others (sequences of equal length, in lists) are exact: float32 or float64, contiguous,
// aligned, writeable where written, of equal sizes and apart in memory.
bool collect(const Arrays& params, const Arrays* grads, const Slots& slots, bool writes, std::vector<Item>& items) {
  const std::size_t count = params.size();
  if (grads && grads->size() != count) return false;
  for (const auto slot : slots)
    if (!py::isinstance<py::list>(slot) || py::len(slot) != count) return false;
  items.resize(count);
  for (std::size_t i = 0; i < count; ++i) {
    Item& item = items[i];
    item.is_double = exact<double>(params[i], writes);
    if (!item.is_double && !exact<float>(params[i], writes)) return false;
    const py::array theta = params[i];
    item.n = theta.size();
    item.theta = const_cast<void*>(theta.data());
    const std::size_t bytes = static_cast<std::size_t>(theta.nbytes());
    const auto same = [&](py::handle object, bool writeable) {
      if (!(item.is_double ? exact<double>(object, writeable) : exact<float>(object, writeable))) return false;
      const auto array = py::reinterpret_borrow<py::array>(object);
      if (array.ndim() != theta.ndim() || !std::equal(array.shape(), array.shape() + array.ndim(), theta.shape()))
        return false;
      return !overlap(array.data(), item.theta, bytes);
    };
    if (grads) {
      if (!same((*grads)[i], false)) return false;
      item.g = py::array((*grads)[i]).data();
    }
    int k = 0;
    for (const auto slot : slots) {
      const py::object array = py::reinterpret_borrow<py::list>(slot)[i];
      if (!same(array, writes)) return false;
      item.slot[k++] = const_cast<void*>(py::array(array).data());
    }
  }
  return true;
}

constexpr Index segment = 1 << 15;     // entries a task takes
constexpr Index per_thread = 1 << 18;  // entries that pay for a thread's start

template <class T>
void update_item(const RuleStep<T>& step, const Item& item) {
  T* theta = static_cast<T*>(item.theta);
  const T* g = static_cast<const T*>(item.g);
  T* slot[3];
  for (int k = 0; k < 3; ++k) slot[k] = static_cast<T*>(item.slot[k]);
  Team team(static_cast<int>(std::clamp<Index>(item.n / per_thread, 1, default_threads())));
  team.run((item.n + segment - 1) / segment, [&](Index task, int) {
    const Index start = task * segment, n = std::min(segment, item.n - start);
    const auto at = [&](T* p) { return p ? p + start : nullptr; };
    kernels<T>().rule.update(step, n, theta + start, g + start, at(slot[0]), at(slot[1]), at(slot[2]), nullptr);
  });
}

template <class T>
RuleStep<T> penalized(const UpdateRule& rule, std::int64_t t, double learning_rate, double l1) {
  RuleStep<T> step = rule.step<T>(t, learning_rate);
  step.l1 = static_cast<T>(l1);
  return step;
}

bool update(const UpdateRule& rule, std::int64_t t, double learning_rate, double l1, const Arrays& params,
            const Arrays& grads, const Slots& slots) {
  require(t >= 1, "t must be at least 1");
  require(static_cast<int>(slots.size()) == rule.slot_count(), std::string(rule.name()) + ": wrong number of slots");
  require(l1 >= 0 && (l1 == 0 || rule.allows_l1()), std::string(rule.name()) + " has no proximal step for l1");
  std::vector<Item> items;
  if (!collect(params, &grads, slots, true, items)) return false;
  const auto narrow = penalized<float>(rule, t, learning_rate, l1);
  const auto wide = penalized<double>(rule, t, learning_rate, l1);
  py::gil_scoped_release release;
  for (const Item& item : items) item.is_double ? update_item(wide, item) : update_item(narrow, item);
  return true;
}

// out[i] = the look-ahead point of params[i]; the slots are the velocities.
bool lookahead(const UpdateRule& rule, std::int64_t t, double learning_rate, double l1, const Arrays& params,
               const Slots& slots, const Arrays& out) {
  require(rule.needs_lookahead(), std::string(rule.name()) + " takes its gradient at theta");
  require(slots.size() == 1 && out.size() == params.size(), "lookahead: one slot, one result for each array");
  std::vector<Item> items, results;
  if (!collect(params, nullptr, slots, false, items) || !collect(out, &params, Slots(), true, results)) return false;
  const auto narrow = penalized<float>(rule, t, learning_rate, l1);
  const auto wide = penalized<double>(rule, t, learning_rate, l1);
  py::gil_scoped_release release;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Item& x = items[i];
    if (x.is_double)
      kernels<double>().rule.lookahead(wide, x.n, static_cast<const double*>(x.theta),
                                       static_cast<const double*>(x.slot[0]), static_cast<double*>(results[i].theta));
    else
      kernels<float>().rule.lookahead(narrow, x.n, static_cast<const float*>(x.theta),
                                      static_cast<const float*>(x.slot[0]), static_cast<float*>(results[i].theta));
  }
  return true;
}

Rule rule_named(const std::string& name) {
  const auto* found = std::find(std::begin(rule_names), std::end(rule_names), name);
  require(found != std::end(rule_names), "no update rule is named " + name);
  return static_cast<Rule>(found - std::begin(rule_names));
}

template <class T>
double squared_norm(double gradient_scale, double weight_decay, const Array<T>& theta, const Array<T>& g) {
  require(theta.size() == g.size(), "theta and g must have one size");
  return kernels<T>().rule.squared_norm(static_cast<T>(gradient_scale), static_cast<T>(weight_decay), g.size(),
                                        theta.data(), g.data());
}

template <class T>
void gather(const py::array& source, const std::optional<Array<std::int64_t>>& rows, Array<T>& out,
            const std::optional<Array<T>>& scale, const std::optional<Array<T>>& shift) {
  require(source.ndim() == 2 && out.ndim() == 2 && source.shape(1) == out.shape(1),
          "source and out must have as many columns");
  require(source.shape(1) <= 1 || source.strides(1) == source.itemsize(), "source must have adjacent columns");
  Element element = Element::uint8;
  if (source.dtype().is(py::dtype::of<float>()))
    element = Element::float32;
  else if (source.dtype().is(py::dtype::of<double>()))
    element = Element::float64;
  else
    require(source.dtype().is(py::dtype::of<std::uint8_t>()), "source must be uint8, float32 or float64");
  const Index n = out.shape(0), d = out.shape(1);
  if (rows) {
    require(rows->size() == n, "rows must have one entry for each row of out");
    for (Index r = 0; r < n; ++r)
      require(rows->data()[r] >= 0 && rows->data()[r] < source.shape(0), "rows must be rows of source");
  } else {
    require(source.shape(0) >= n, "source must have the rows of out");
  }
  require(!scale || scale->size() == d, "scale must have one entry for each column");
  require(!shift || shift->size() == d, "shift must have one entry for each column");
  T* result = out.mutable_data();
  py::gil_scoped_release release;
  kernels<T>().gather.rows(element, source.data(), source.strides(0) / source.itemsize(), rows ? rows->data() : nullptr,
                           n, d, scale ? scale->data() : nullptr, shift ? shift->data() : nullptr, result);
}

}  // namespace

void register_rule(py::module_& m) {
  py::class_<UpdateRule>(m, "UpdateRule", "An update rule with its hyper-parameters.")
      .def(py::init([](const std::string& name, double beta1, double beta2, double eps, double weight_decay,
                       double momentum_decay, double eta_minus, double eta_plus, double step_min, double step_max,
                       bool eps_before_correction) {
             UpdateRule rule;
             rule.rule = rule_named(name);
             rule.beta1 = beta1;
             rule.beta2 = beta2;
             rule.eps = eps;
             rule.weight_decay = weight_decay;
             rule.momentum_decay = momentum_decay;
             rule.eta_minus = eta_minus;
             rule.eta_plus = eta_plus;
             rule.step_min = step_min;
             rule.step_max = step_max;
             rule.eps_before_correction = eps_before_correction;
             rule.check();
             return rule;
           }),
           py::arg("name"), py::kw_only(), py::arg("beta1") = 0.9, py::arg("beta2") = 0.999, py::arg("eps") = 1e-8,
           py::arg("weight_decay") = 0.0, py::arg("momentum_decay") = 4e-3, py::arg("eta_minus") = 0.5,
           py::arg("eta_plus") = 1.2, py::arg("step_min") = 1e-6, py::arg("step_max") = 50.0,
           py::arg("eps_before_correction") = false, "Check and keep the hyper-parameters.")
      .def_property_readonly("name", &UpdateRule::name, "Name in the list of rules.")
      .def_property_readonly("slot_count", &UpdateRule::slot_count, "Arrays of state for each array of parameters.")
      .def_property_readonly("allows_groups", &UpdateRule::allows_groups,
                             "Whether it has a proximal step for groups of weights.")
      .def_property_readonly("allows_l1", &UpdateRule::allows_l1, "Whether it has a proximal step for l1.")
      .def_property_readonly("needs_lookahead", &UpdateRule::needs_lookahead,
                             "Whether gradients belong at the look-ahead point.")
      .def("update", &update, py::arg("t"), py::arg("learning_rate"), py::arg("l1"), py::arg("params"),
           py::arg("grads"), py::arg("slots"), "Step t in place; False, and nothing changed, if an array is not exact.")
      .def("lookahead", &lookahead, py::arg("t"), py::arg("learning_rate"), py::arg("l1"), py::arg("params"),
           py::arg("slots"), py::arg("out"), "Look-ahead points into out; False if an array is not exact.");
  m.def(
      "rule_names", [] { return std::vector<std::string>(std::begin(rule_names), std::end(rule_names)); },
      "Names of the update rules.");
  m.def("squared_norm", &squared_norm<float>, py::arg("gradient_scale"), py::arg("weight_decay"),
        py::arg("theta").noconvert(), py::arg("g").noconvert(), "Sum of (gradient_scale g + weight_decay theta)^2.");
  m.def("squared_norm", &squared_norm<double>, py::arg("gradient_scale"), py::arg("weight_decay"),
        py::arg("theta").noconvert(), py::arg("g").noconvert(), "Sum of (gradient_scale g + weight_decay theta)^2.");
  m.def("gather", &gather<float>, py::arg("source"), py::arg("rows").none(true).noconvert(), py::arg("out").noconvert(),
        py::arg("scale").none(true).noconvert() = py::none(), py::arg("shift").none(true).noconvert() = py::none(),
        "Rows of source into out, converted, scaled and shifted.");
  m.def("gather", &gather<double>, py::arg("source"), py::arg("rows").none(true).noconvert(),
        py::arg("out").noconvert(), py::arg("scale").none(true).noconvert() = py::none(),
        py::arg("shift").none(true).noconvert() = py::none(),
        "Rows of source into out, converted, scaled and shifted.");
}

}  // namespace steep
