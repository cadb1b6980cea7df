// Which loss runs on which scores: the pairs fused with the output activation, and the pairings that mean nothing.
//
//     softmax + cross_entropy -> softmax_cross_entropy on z      exp + poisson     -> poisson on z
//     sigmoid + binary_cross_entropy -> logistic on z            step + perceptron -> perceptron on z
//
// Everything else acts on the outputs. A refusal names the pairing that was meant.
#include "steep/loss.hpp"

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace steep {
namespace {

template <std::size_t n>
int position(const char* const (&names)[n], const std::string& name, const char* argument) {
  const auto found = std::find(std::begin(names), std::end(names), name);
  if (found != std::end(names)) return static_cast<int>(found - std::begin(names));
  std::string list;
  for (const char* known : names) list += (list.empty() ? "" : ", ") + std::string(known);
  throw std::invalid_argument(std::string(argument) + " must be one of " + list + ", got '" + name + "'");
}

[[noreturn]] void refuse(Activation activation, Loss loss, const std::string& meant) {
  throw std::invalid_argument("loss must be one that fits a network that ends with '" +
                              std::string(activation_names[static_cast<int>(activation)]) + "', got '" +
                              loss_names[static_cast<int>(loss)] + "': " + meant);
}

// Outputs of one sign only cannot be scores whose sign is the class.
bool has_one_sign(Activation a) {
  return a == Activation::sigmoid || a == Activation::softmax || a == Activation::relu || a == Activation::softplus ||
         a == Activation::exp;
}

void check_probabilities(Activation activation, Loss loss, Index outputs) {
  if (loss == Loss::cross_entropy) {
    if (outputs == 1) refuse(activation, loss, "with one output use a sigmoid output with loss='binary_cross_entropy'");
    if (activation == Activation::softmax) return;
    if (activation == Activation::identity)
      refuse(activation, loss, "use loss='softmax_cross_entropy' on raw scores, or a softmax output");
    if (activation == Activation::sigmoid)
      refuse(activation, loss,
             "use a softmax output for one class a row, or loss='binary_cross_entropy' for independent labels");
    refuse(activation, loss, "use a softmax output, so that the outputs are probabilities");
  }
  if (activation == Activation::sigmoid) return;
  if (activation == Activation::softmax) refuse(activation, loss, "use loss='cross_entropy', or a sigmoid output");
  if (activation == Activation::identity)
    refuse(activation, loss, "use loss='logistic' on raw scores, or a sigmoid output");
  refuse(activation, loss, "use a sigmoid output, so that the outputs are probabilities");
}

void check_scores(Activation activation, Loss loss, Index outputs) {
  if (loss == Loss::softmax_cross_entropy) {
    if (outputs == 1) refuse(activation, loss, "with one output use loss='logistic' on a raw score (identity)");
    if (activation == Activation::softmax) refuse(activation, loss, "use loss='cross_entropy', or an identity output");
    if (activation == Activation::sigmoid)
      refuse(activation, loss, "use loss='binary_cross_entropy', or an identity output");
    if (has_one_sign(activation))
      refuse(activation, loss,
             "use an identity output, whose scores may have any sign, or loss='cross_entropy' on a "
             "softmax output");
    return;
  }
  if (!has_one_sign(activation)) return;
  if (activation == Activation::sigmoid && loss == Loss::perceptron)
    refuse(activation, loss, "use loss='binary_cross_entropy' or 'squared_error', or a step or identity output");
  if (loss == Loss::logistic && activation == Activation::sigmoid)
    refuse(activation, loss, "use loss='binary_cross_entropy', or an identity output");
  if (loss == Loss::logistic && activation == Activation::softmax)
    refuse(activation, loss, "use loss='cross_entropy', or an identity output");
  refuse(activation, loss, "use an identity output, whose sign tells the classes apart");
}

}  // namespace

ResolvedLoss resolve_loss(Activation activation, Loss loss, Index outputs) {
  if (activation == Activation::softmax && outputs == 1)
    refuse(
        activation, loss,
        "a softmax of one output is always 1; with one output use a sigmoid output with loss='binary_cross_entropy', "
        "or an identity output for real targets");
  if (activation == Activation::step && loss != Loss::perceptron)
    refuse(activation, loss, "a step has no useful derivative: use loss='perceptron', or a sigmoid output");
  switch (loss) {
    case Loss::cross_entropy:
      check_probabilities(activation, loss, outputs);
      return {Loss::softmax_cross_entropy, true};
    case Loss::binary_cross_entropy:
      check_probabilities(activation, loss, outputs);
      return {Loss::logistic, true};
    case Loss::poisson:
      if (activation != Activation::exp) refuse(activation, loss, "use an exp output, so that the outputs are means");
      return {loss, true};
    case Loss::logistic:
    case Loss::softmax_cross_entropy:
    case Loss::hinge:
    case Loss::squared_hinge:
    case Loss::perceptron:
      check_scores(activation, loss, outputs);
      return {loss, activation == Activation::step};
    case Loss::squared_error:
    case Loss::absolute_error:
    case Loss::huber:
    case Loss::pinball:
    case Loss::epsilon_insensitive:
    case Loss::squared_epsilon_insensitive:
    case Loss::soft_l1:
    case Loss::cauchy:
      break;
  }
  return {loss, false};
}

Loss default_loss(Activation activation) {
  switch (activation) {
    case Activation::softmax:
      return Loss::cross_entropy;
    case Activation::sigmoid:
      return Loss::binary_cross_entropy;
    case Activation::exp:
      return Loss::poisson;
    case Activation::step:
      return Loss::perceptron;
    default:
      return Loss::squared_error;
  }
}

Loss loss_named(const std::string& name) { return static_cast<Loss>(position(loss_names, name, "loss")); }
Activation activation_named(const std::string& name) {
  return static_cast<Activation>(position(activation_names, name, "activation"));
}

}  // namespace steep
