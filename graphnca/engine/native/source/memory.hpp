// Memory as the passes need it. Whatever can't be had throws std::bad_alloc.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <vector>

// Rows of whole vectors begin where a line of the cache does: one that lay across two would cost two.
constexpr size_t LINE = 64;

template <class T>
struct OnLines {
    using value_type = T;
    OnLines() = default;
    template <class Other>
    OnLines(const OnLines<Other>&) {}
    T* allocate(size_t count) {
        return static_cast<T*>(::operator new(count * sizeof(T), std::align_val_t(LINE)));
    }
    void deallocate(T* memory, size_t) { ::operator delete(memory, std::align_val_t(LINE)); }
    friend bool operator==(const OnLines&, const OnLines&) { return true; }
    friend bool operator!=(const OnLines&, const OnLines&) { return false; }
};

template <class T>
using Vector = std::vector<T, OnLines<T>>;

// Room without construction: what is in it is written before it is read.
template <class T>
class Buffer {
    T* memory = nullptr;
    size_t size = 0;

  public:
    Buffer() = default;
    Buffer(const Buffer&) = delete;
    ~Buffer() { OnLines<T>().deallocate(memory, size); }
    T* data(size_t count) {
        if (count > size) {
            OnLines<T>().deallocate(memory, size);
            memory = nullptr, size = 0;
            memory = OnLines<T>().allocate(count + count / 4);
            size = count + count / 4;
        }
        return memory;
    }
};

struct Free {
    void operator()(void* memory) const { std::free(memory); }
};

// Zeros that take no memory where nobody writes.
template <class T>
class Zeros {
    std::unique_ptr<void, Free> memory;
    T* first;

  public:
    explicit Zeros(size_t count) {
        if (count > (SIZE_MAX - LINE) / sizeof(T)) throw std::bad_alloc();
        size_t bytes = count * sizeof(T) + LINE;
        memory.reset(std::calloc(bytes, 1));
        if (!memory) throw std::bad_alloc();
        void* begin = memory.get();
        first = static_cast<T*>(std::align(LINE, count * sizeof(T), begin, bytes));
    }
    T* data() { return first; }
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
        Piece piece(static_cast<char*>(std::aligned_alloc(LINE, bytes)));
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
        const size_t bytes = (count * sizeof(T) + LINE - 1) / LINE * LINE;
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
