// Where threads wait for each other many times a millisecond: awake for a moment, and then giving way, because on a
// busy machine the one that is waited for may need this very core.
#pragma once

#include <atomic>
#include <thread>

class Barrier {
    static constexpr int PATIENCE = 2000;  // looks before giving way: some ten microseconds
    const int count;
    std::atomic<int> arrived{0}, round{0};

  public:
    explicit Barrier(int count) : count(count) {}

    void wait() {
        const int now = round.load(std::memory_order_acquire);
        if (arrived.fetch_add(1, std::memory_order_acq_rel) == count - 1) {
            arrived.store(0, std::memory_order_relaxed);
            round.store(now + 1, std::memory_order_release);
            return;
        }
        for (int looks = 0; round.load(std::memory_order_acquire) == now; looks++) {
            if (looks > PATIENCE) std::this_thread::yield();
#if defined(__x86_64__) || defined(__i386__)
            else
                __builtin_ia32_pause();
#endif
        }
    }
};
