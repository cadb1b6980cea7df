// Arrays of the core's own: aligned to cache lines, zero at first, sized once. Large ones ask the system for large
// pages (a logistic regression of 20,000 x 500 took 100 ms in pages of 4 kB and takes 76 in large ones).
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>

#include "steep/index.hpp"

namespace steep {

void ask_for_large_pages(void* first, std::size_t bytes);  // of memory that is not yet touched

template <class T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(Index size) { resize(size); }

  // Contents are zeros afterwards.
  void resize(Index size) {
    resize_unset(size);
    std::fill_n(data_.get(), size, T(0));
  }
  // Contents are to be written before they are read.
  void resize_unset(Index size) {
    data_.reset();
    size_ = 0;
    if (size <= 0) return;
    if (size > std::numeric_limits<Index>::max() / static_cast<Index>(sizeof(T))) throw std::bad_alloc();
    const std::size_t bytes = static_cast<std::size_t>(size) * sizeof(T);
    const bool large = bytes >= 2 * large_page;
    const auto alignment = static_cast<std::align_val_t>(large ? large_page : 64);
    void* memory = ::operator new[](bytes, alignment);
    data_ = std::unique_ptr<T[], Free>(static_cast<T*>(memory), Free{alignment});
    if (large) ask_for_large_pages(memory, bytes);
    size_ = size;
  }
  Index size() const { return size_; }
  T* data() { return data_.get(); }
  const T* data() const { return data_.get(); }
  T& operator[](Index i) { return data_.get()[i]; }
  const T& operator[](Index i) const { return data_.get()[i]; }

 private:
  static_assert(std::is_trivial_v<T>);
  static constexpr std::size_t large_page = 2 << 20;
  struct Free {
    std::align_val_t alignment{64};
    void operator()(T* p) const { ::operator delete[](p, alignment); }
  };
  std::unique_ptr<T[], Free> data_;
  Index size_ = 0;
};

}  // namespace steep
