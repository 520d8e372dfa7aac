// How threads share rows and wait for each other.
#pragma once

#include <atomic>
#include <thread>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num() { return 0; }
static int omp_get_num_threads() { return 1; }
static int omp_get_dynamic() { return 0; }
static void omp_set_dynamic(int) {}
#endif

// Where threads wait for each other many times a millisecond: awake for a moment, and then giving way, because on a
// busy machine the one that is waited for may need this very core.
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

// A thread's part of a list.
struct Share {
    int first, last;
    Share(int count, int thread, int num_threads)
        : first(long(count) * thread / num_threads), last(long(count) * (thread + 1) / num_threads) {}
    int size() const { return last - first; }
};

// While it lives, as many threads start as are asked for, not as many as the machine's load suggests.
class FixedTeam {
    const int before = omp_get_dynamic();

  public:
    FixedTeam() { omp_set_dynamic(0); }
    ~FixedTeam() { omp_set_dynamic(before); }
};

// How many threads there really are when so many are asked for: inside another parallel region, one.
static int threads_given(int wanted) {
    const FixedTeam team;
    int given = 1;
#pragma omp parallel num_threads(wanted)
    if (omp_get_thread_num() == 0) given = omp_get_num_threads();
    return given;
}
