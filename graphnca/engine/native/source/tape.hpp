// What the backward pass needs of the steps: the states before the cells that changed, so that it can undo them.
#pragma once

#include <memory>
#include <vector>

#include "life.hpp"
#include "memory.hpp"

// What one thread did in a step.
template <class real>
struct Updated {
    int32_t* rows = nullptr;  // ~row where the life mask then zeroed it
    real* before = nullptr;   // their states before the step
    int count = 0;
    Rows over;  // rows beyond the bound after the step, that the thread looks after
};

template <class real>
struct Step {
    std::vector<Updated<real>> parts;  // one a thread
    Rows died;                         // rows that the mask zeroed without an update,
    std::vector<real> died_before;     // and what they had
    std::shared_ptr<const Rows> kept;  // rows that may hold a state after it; null: all
    Rows hidden_zeroed;                // rows that keep some channels, and whose others the mask zeroed
};

template <class real>
struct Tape {
    std::vector<Step<real>> steps;
    std::vector<Arena> arenas;  // one a thread

    Tape(int num_steps, int num_threads) : steps(num_steps), arenas(num_threads) {
        for (auto& step : steps) step.parts.resize(num_threads);
    }
};
