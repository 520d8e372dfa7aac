// What the backward pass needs of the steps: the states before the cells that changed, so that it can undo them.
#pragma once

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

#include "life.hpp"

// Memory in large pieces that are kept for the next rollout: fresh pages cost more than what is written into them.
class Arena {
    static constexpr size_t PIECE = size_t(4) << 20, KEPT = 64;  // bytes; pieces

    struct Store {
        std::mutex lock;
        std::vector<char*> pieces;
    };
    static Store& store() {
        static Store* shared = new Store;  // never destroyed: tapes may outlive static objects
        return *shared;
    }

    std::vector<char*> pieces, large;
    size_t used = 0;

  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    ~Arena() {
        for (char* piece : large) std::free(piece);
        std::lock_guard<std::mutex> guard(store().lock);
        for (char* piece : pieces)
            if (store().pieces.size() < KEPT)
                store().pieces.push_back(piece);
            else
                std::free(piece);
    }

    template <class T>
    T* take(size_t count) {
        const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
        if (bytes > PIECE) {
            large.push_back(static_cast<char*>(std::aligned_alloc(64, bytes)));
            return reinterpret_cast<T*>(large.back());
        }
        if (pieces.empty() || used + bytes > PIECE) {
            std::lock_guard<std::mutex> guard(store().lock);
            if (store().pieces.empty()) {
                pieces.push_back(static_cast<char*>(std::aligned_alloc(64, PIECE)));
            } else {
                pieces.push_back(store().pieces.back());
                store().pieces.pop_back();
            }
            used = 0;
        }
        used += bytes;
        return reinterpret_cast<T*>(pieces.back() + used - bytes);
    }
};

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
    Rows thoughtless;                  // rows that keep some channels, and whose others the mask zeroed
};

template <class real>
struct Tape {
    std::vector<Step<real>> steps;
    std::vector<Arena> arenas;  // one a thread

    Tape(int num_steps, int num_threads) : steps(num_steps), arenas(num_threads) {
        for (auto& step : steps) step.parts.resize(num_threads);
    }
};
