// Arrays of the core's own: aligned to cache lines, zero at first, sized once.
#pragma once
#include <algorithm>
#include <memory>
#include <new>

#include "steep/index.hpp"

namespace steep {

template <class T>
class Buffer {
 public:
  static constexpr std::align_val_t alignment{64};

  Buffer() = default;
  explicit Buffer(Index size) { resize(size); }

  // Contents are zeros afterwards.
  void resize(Index size) {
    resize_unset(size);
    std::fill_n(data_.get(), size, T(0));
  }
  // Contents are to be written before they are read.
  void resize_unset(Index size) {
    data_.reset(size > 0 ? new (alignment) T[static_cast<std::size_t>(size)] : nullptr);
    size_ = size;
  }
  Index size() const { return size_; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](Index i) { return data_.get()[i]; }
  const T& operator[](Index i) const { return data_.get()[i]; }

 private:
  struct Free {
    void operator()(T* p) const { ::operator delete[](p, alignment); }
  };
  std::unique_ptr<T[], Free> data_;
  Index size_ = 0;
};

}  // namespace steep
