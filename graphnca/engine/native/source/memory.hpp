// Memory as the passes need it.
#pragma once

#include <cstdlib>
#include <memory>
#include <mutex>
#include <vector>

// Room without construction: what is in it is written before it is read.
template <class T>
class Buffer {
    std::unique_ptr<T[]> memory;
    size_t size = 0;

  public:
    T* data(size_t count) {
        if (count > size) memory.reset(new T[size = count + count / 4]);
        return memory.get();
    }
};

// Zeros that take no memory where nobody writes.
template <class T>
class Zeros {
    std::unique_ptr<T, void (*)(void*)> memory;

  public:
    explicit Zeros(size_t count) : memory(static_cast<T*>(std::calloc(count, sizeof(T))), std::free) {}
    T* data() { return memory.get(); }
};

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
