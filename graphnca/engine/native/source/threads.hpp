// How threads share rows and wait for each other.
#pragma once

#include <atomic>
#include <exception>
#include <system_error>
#include <thread>
#include <vector>

#ifdef _OPENMP
#include <omp.h>
#else
static int omp_get_thread_num() { return 0; }
static int omp_get_num_threads() { return 1; }
static int omp_get_dynamic() { return 0; }
static void omp_set_dynamic(int) {}
#endif

// Work that threads do side by side, phase by phase: none begins one before all have ended the one before. What a
// thread throws ends the work of all with that phase.
//
// They wait for each other many times a millisecond: awake for a moment, and then giving way, because on a busy machine
// the one that is waited for may need this very core.
class Phases {
    static constexpr int PATIENCE = 2000;  // looks before giving way: some ten microseconds
    const int count;
    std::atomic<int> arrived{0}, round{0};
    std::atomic<bool> failed{false};
    bool goes_on = true;  // of the last round: all threads see the same
    std::exception_ptr thrown;

    bool wait() {
        const int now = round.load(std::memory_order_acquire);
        if (arrived.fetch_add(1, std::memory_order_acq_rel) == count - 1) {
            arrived.store(0, std::memory_order_relaxed);
            goes_on = !failed.load(std::memory_order_relaxed);
            round.store(now + 1, std::memory_order_release);
            return goes_on;
        }
        for (int looks = 0; round.load(std::memory_order_acquire) == now; looks++) {
            if (looks > PATIENCE) std::this_thread::yield();
#if defined(__x86_64__) || defined(__i386__)
            else
                __builtin_ia32_pause();
#endif
        }
        return goes_on;
    }

  public:
    explicit Phases(int count) : count(count) {}

    // A thread's part of a phase; what follows must not need the others' parts.
    template <class Work>
    void part(Work work) {
        if (failed.load(std::memory_order_relaxed)) return;
        try {
            work();
        } catch (...) {
            if (!failed.exchange(true)) thrown = std::current_exception();
        }
    }

    // The same, until all have done theirs. False if the work has come to an end.
    template <class Work>
    bool operator()(Work work) {
        part(work);
        return wait();
    }

    // Throws what a thread has thrown, when all have ended.
    void check() const {
        if (thrown) std::rethrow_exception(thrown);
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

struct TooFewThreads : std::exception {};

// Runs work(thread) on so many threads, which must not throw where there are several.
template <class Work>
static void on_threads(int count, Work work) {
    if (count == 1) return work(0);  // without OpenMP, whose threads a forked process doesn't have
    const FixedTeam team;
    bool all = true;
#pragma omp parallel num_threads(count)
    {
        if (omp_get_num_threads() == count)
            work(omp_get_thread_num());
        else if (omp_get_thread_num() == 0)
            all = false;
    }
    if (!all) throw TooFewThreads();
}

// How many threads the system starts if so many are asked for. OpenMP ends the process where it can't start one.
static int threads_started(int wanted) {
    static std::atomic<int> before{1};
    if (wanted <= before) return wanted;
    std::vector<std::thread> threads;
    threads.reserve(wanted);
    std::atomic<bool> enough{false};
    try {
        while (int(threads.size()) < wanted - 1)
            threads.emplace_back([&] {
                while (!enough) std::this_thread::yield();
            });
    } catch (const std::system_error&) {
    }
    enough = true;
    for (auto& thread : threads) thread.join();
    const int found = threads.size() + 1;
    if (found > before) before = found;
    return found;
}

// How many threads there really are when so many are asked for: inside another parallel region, one.
static int threads_given(int wanted) {
    wanted = threads_started(wanted);
    if (wanted == 1) return 1;
    const FixedTeam team;
    int given = 1;
#pragma omp parallel num_threads(wanted)
    if (omp_get_thread_num() == 0) given = omp_get_num_threads();
    return given;
}
