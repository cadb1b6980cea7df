// Coordinate descent for one objective, and for a path of l1 penalties: each solve starts from the last one's answer.
// With squared errors on few columns the path needs the data once: from then on values and correlations come from X'X.
#include <cmath>

#include "steep/coordinate_search.hpp"
#include "steep/linear_risk.hpp"
#include "steep/nonsmooth.hpp"

namespace steep {
namespace {

constexpr Index gram_columns = 1000;  // up to which a path forms all of X'X
constexpr double far = 8;             // from zero, in standard deviations: columns beyond are centered

std::unique_ptr<LinearModel> model_of(Objective& f) {
  std::unique_ptr<LinearModel> model = linear_model_of(f, far);
  if (!model || !f.has_gradient())
    throw std::invalid_argument(
        "method coordinate_descent needs a linear model with one output and a smooth loss, got " + f.name());
  return model;
}

}  // namespace

Result CoordinateDescent::solve(Objective& f, const double* x0, const SolveOptions& options) {
  const std::unique_ptr<LinearModel> model = model_of(f);
  Run run(f, options, "working_set", 1000);
  run.watch_for_stall();
  return run.guard([&] { CoordinateSearch(*model, x0).go(run, model->l1()); });
}

std::vector<Result> coordinate_path(LinearRisk& f, const Vector& l1, const double* x0, const SolveOptions& options) {
  std::unique_ptr<LinearModel> model = model_of(f), gram;
  if (model->loss() == Loss::squared_error && model->features() <= gram_columns && model->rows() > model->features())
    gram = gram_model(*model);
  CoordinateSearch search(gram ? *gram : *model, x0);
  std::vector<Result> results;
  for (double value : l1) {
    const Vector weights = f.l1_weights(value);
    Run run(f, options, "working_set", 1000);
    run.use_l1(value > 0 ? weights.data() : nullptr);
    run.watch_for_stall();
    Result result = run.guard([&] { search.go(run, value); });
    if (result.x.empty()) break;  // Ctrl-C before the first point
    results.push_back(std::move(result));
    if (results.back().status == Status::interrupted || results.back().status == Status::max_time) break;
  }
  if (results.empty()) throw Interrupted{};
  return results;
}

}  // namespace steep
