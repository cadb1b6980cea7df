// A kernel's tasks on a team's threads.
#pragma once
#include "steep/product.hpp"
#include "steep/team.hpp"

namespace steep {

inline Spread spread_over(Team& team) {
  return {&team, [](void* self, Index tasks, void (*task)(const void*, Index), const void* work) {
            static_cast<Team*>(self)->run(tasks, [&](Index i, int) { task(work, i); });
          }};
}

}  // namespace steep
