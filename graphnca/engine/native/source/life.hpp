// Which cells live, kept up with the few that changed instead of asked of all.
//
// A cell is mature when its alpha exceeds the threshold (or is NaN: `Setting::is_mature`), and lives when it or a neighbour is. `mature_around` holds how
// many mature cells reach a cell; a step changes it only around the cells that crossed the threshold.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <vector>

#include "problem.hpp"

using Rows = std::vector<int32_t>;

// A set of rows as an ascending list and as flags.
struct RowSet {
    std::shared_ptr<const Rows> rows = std::make_shared<Rows>();  // shared with the tape
    std::vector<uint8_t> member;
    Rows born, lost;  // of the last update, ascending

    bool holds(int32_t row) const { return member[row]; }

    void start(int num_rows) { member.assign(num_rows, 0); }

    // Takes up the rows whose membership, by `belongs`, is another than before.
    template <class Test>
    void update(const Rows& touched, Test belongs) {
        born.clear(), lost.clear();
        for (int32_t row : touched)
            if (bool(member[row]) != belongs(row)) {
                member[row] = !member[row];
                (member[row] ? born : lost).push_back(row);
            }
        if (born.empty() && lost.empty()) return;
        std::sort(born.begin(), born.end()), std::sort(lost.begin(), lost.end());
        auto next = std::make_shared<Rows>();
        next->reserve(rows->size() + born.size());
        size_t b = 0;
        for (int32_t row : *rows) {
            if (!member[row]) continue;
            while (b < born.size() && born[b] < row) next->push_back(born[b++]);
            next->push_back(row);
        }
        next->insert(next->end(), born.begin() + b, born.end());
        rows = next;
    }
};

class Life {
    const Problem& problem;
    // how many cells reach a row that are mature, that live, and that only the frontier would make mature
    std::vector<uint16_t> mature_around, living_around, would_be_around;
    Rows touched, would_be_mature;

    // Visits a row and those that it keeps alive, or by the other table those that keep it alive.
    template <class Visit>
    void around(int32_t row, Visit visit) const {
        around(problem.reach, row, visit);
    }

    template <class Visit>
    void around(const Table& table, int32_t row, Visit visit) const {
        const int32_t sample = row / problem.num_cells, n = row - sample * problem.num_cells;
        const int32_t *index = table.index + n * table.width, base = sample * problem.num_cells;
        for (int k = 0; k < table.counts[n]; k++) visit(base + index[k]);
    }

  public:
    std::vector<uint8_t> mature;
    RowSet living;
    RowSet frontier;  // dead cells that could keep living ones alive; kept where the mask is applied before and after
    Rows pending;     // rows with a state that don't live: the coming mask zeroes them
    Rows zeroed;      // rows that the present step's mask zeroes; active ones may be missing

    explicit Life(const Problem& problem) : problem(problem), mature(problem.num_rows()) {}

    // From the mature rows and the rows that hold a state.
    void start(const Rows& support) {
        const int num_rows = problem.num_rows();
        mature_around.assign(num_rows, 0), would_be_around.assign(num_rows, 0);
        living.start(num_rows);
        touched.clear();
        for (int32_t row : support)
            if (mature[row])
                around(row, [&](int32_t reached) {
                    if (!mature_around[reached]++) touched.push_back(reached);
                });
        living.update(touched, [&](int32_t row) { return mature_around[row] > 0; });
        for (int32_t row : support)
            if (!living.holds(row)) pending.push_back(row);
        if (problem.life_mask == PRE_POST) {
            living_around.assign(num_rows, 0);
            frontier.start(num_rows);
            update_frontier();
        }
    }

    // Whether a mask after the update leaves a row its state.
    bool keeps(int32_t row) const { return mature_around[row] > 0 || would_be_around[row] > 0; }

    // After an update: rows that crossed the threshold, and rows of the frontier that would have.
    void settle(const Rows& crossed, const Rows& would_be_mature_now) {
        for (int32_t row : would_be_mature) around(row, [&](int32_t reached) { would_be_around[reached] = 0; });
        would_be_mature = would_be_mature_now;
        for (int32_t row : would_be_mature) around(row, [&](int32_t reached) { would_be_around[reached]++; });
        touched.clear();
        for (int32_t row : crossed) {
            mature[row] = !mature[row];
            const int step = mature[row] ? 1 : -1;
            around(row, [&](int32_t reached) {
                mature_around[reached] += step;
                if (mature_around[reached] == (step > 0)) touched.push_back(reached);
            });
        }
        living.update(touched, [&](int32_t row) { return mature_around[row] > 0; });
        zeroed.clear();
        std::swap(zeroed, pending);
        switch (problem.life_mask) {
            case PRE:
                pending = living.lost;
                break;
            case POST:
                zeroed.erase(
                    std::remove_if(zeroed.begin(), zeroed.end(), [&](int32_t row) { return mature_around[row] > 0; }),
                    zeroed.end());
                zeroed.insert(zeroed.end(), living.lost.begin(), living.lost.end());
                break;
            case PRE_POST:
                for (int32_t row : living.lost) (would_be_around[row] > 0 ? pending : zeroed).push_back(row);
                update_frontier();
                break;
            case NONE:
                break;
        }
    }

  private:
    void update_frontier() {
        touched.clear();
        auto count_around = [&](const Rows& rows, int step) {
            for (int32_t row : rows)
                around(problem.heard, row, [&](int32_t other) { living_around[other] += step, touched.push_back(other); });
        };
        count_around(living.born, 1), count_around(living.lost, -1);
        frontier.update(touched, [&](int32_t row) { return living_around[row] > 0 && mature_around[row] == 0; });
    }
};
