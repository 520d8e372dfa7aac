// Memory as the passes need it. Whatever can't be had throws std::bad_alloc.
#pragma once

#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

// Room without construction: what is in it is written before it is read.
template <class T>
class Buffer {
    std::unique_ptr<T[]> memory;
    size_t size = 0;

  public:
    T* data(size_t count) {
        if (count > size) {
            size = 0;
            memory.reset(new T[count + count / 4]);
            size = count + count / 4;
        }
        return memory.get();
    }
};

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// Zeros that take no memory where nobody writes.
template <class T>
class Zeros {
    std::unique_ptr<T, Free> memory;

  public:
    explicit Zeros(size_t count) : memory(static_cast<T*>(std::calloc(count + 1, sizeof(T)))) {  // never null
        if (!memory) throw std::bad_alloc();
    }
    T* data() { return memory.get(); }
};

// Memory in large pieces that are kept for the next rollout: fresh pages cost more than what is written into them.
class Arena {
    static constexpr size_t PIECE = size_t(4) << 20, KEPT = 64;  // bytes; pieces
    using Piece = std::unique_ptr<char, Free>;

    struct Store {
        std::mutex lock;
        std::vector<Piece> pieces;
        Store() { pieces.reserve(KEPT); }
    };
    static Store& store() {
        static Store* shared = new Store;  // never destroyed: tapes may outlive static objects
        return *shared;
    }

    std::vector<Piece> pieces, large;
    size_t used = 0;

    static Piece fresh(size_t bytes) {
        Piece piece(static_cast<char*>(std::aligned_alloc(64, bytes)));
        if (!piece) throw std::bad_alloc();
        return piece;
    }

    static Piece kept_or_fresh() {
        {
            std::lock_guard<std::mutex> guard(store().lock);
            if (!store().pieces.empty()) {
                Piece piece = std::move(store().pieces.back());
                store().pieces.pop_back();
                return piece;
            }
        }
        return fresh(PIECE);
    }

  public:
    Arena() = default;
    Arena(const Arena&) = delete;
    ~Arena() {
        if (pieces.empty()) return;
        std::lock_guard<std::mutex> guard(store().lock);
        for (Piece& piece : pieces)
            if (store().pieces.size() < KEPT) store().pieces.push_back(std::move(piece));
    }

    template <class T>
    T* take(size_t count) {
        const size_t bytes = (count * sizeof(T) + 63) / 64 * 64;
        if (bytes > PIECE) {
            large.push_back(fresh(bytes));
            return reinterpret_cast<T*>(large.back().get());
        }
        if (pieces.empty() || used + bytes > PIECE) {
            pieces.push_back(kept_or_fresh());
            used = 0;
        }
        used += bytes;
        return reinterpret_cast<T*>(pieces.back().get() + used - bytes);
    }
};
