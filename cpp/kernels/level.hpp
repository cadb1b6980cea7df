// Each kernel file fills its part of the table, for float and double.
#pragma once
#include "steep/kernels.hpp"

namespace steep {
template <class T>
void fill(ProductKernels<T>& table);
// The parts of ProductKernels that live in files of their own; called by its fill.
template <class T>
void fill_gram(ProductKernels<T>& table);
template <class T>
void fill_cholesky(ProductKernels<T>& table);
template <class T>
void fill_matrix_vector(ProductKernels<T>& table);
template <class T>
void fill_row_outer(ProductKernels<T>& table);
template <class T>
void fill_peak(ProductKernels<T>& table);
template <class T>
void fill(ActivationKernels<T>& table);
template <class T>
void fill(LossKernels<T>& table);
template <class T>
void fill(RuleKernels<T>& table);
template <class T>
void fill(GatherKernels<T>& table);
template <class T>
void fill(DropoutKernels<T>& table);
template <class T>
void fill(NormalizationKernels<T>& table);
template <class T>
void fill(PoolKernels<T>& table);
}  // namespace steep
