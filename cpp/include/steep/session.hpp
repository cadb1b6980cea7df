// Forward and backward of a batch by hand: what loops of the user's own are made of. A session keeps everything between
// the two calls, the parameters too, and grows when a larger batch comes; parameters and state belong to the caller.
// One thread at a time.
#pragma once
#include "steep/chain.hpp"
#include "steep/network.hpp"

namespace steep {

template <class T>
class Session {
 public:
  explicit Session(const Network<T>& net);

  // y (n, outputs): outputs of the rows of x, which are copied. training: dropout, batch statistics; state is written
  // then. `epoch` keys the random numbers, and so do the rows' places in the batch.
  void forward(const T* w, T* state, const Dataset<T>& x, bool training, std::uint64_t seed, std::uint32_t epoch,
               int n_threads, T* y);
  // From dy (n, outputs): g (p) [+]= the gradient of sum(dy * y), and dx (n, inputs) if not null, with respect to what
  // the layers see (scaled inputs); at the forward's parameters.
  void backward(T* state, const T* dy, T* g, bool accumulate, T* dx, int n_threads);
  Index rows() const { return rows_; }  // of the last forward; 0: none

 private:
  void resize(Index rows, int n_threads);
  Block<T> block(T* state) const;

  const Network<T>& net_;
  Chain<T> chain_;
  Index rows_ = 0, max_rows_ = 0;
  bool training_ = false;
  std::uint64_t seed_ = 0;
  std::uint32_t epoch_ = 0;
  Buffer<T> w_, x_, y_, dy_, cache_, batch_, packed_;
  Buffer<std::int64_t> ids_;
  std::vector<Buffer<T>> workspaces_;
  std::vector<T*> workspace_of_;
};

}  // namespace steep
