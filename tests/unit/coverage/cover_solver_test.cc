#include "lib/patrol/coverage/cover_solver.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lib/patrol/coverage/set_cover_solver.h"

namespace patrol::coverage {
namespace {

using Candidate = CoverProblem::Candidate;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

// Every choice of posts is tried: what the solvers are held against.
struct Exhaustive {
  int64_t most = 0;    // weight that `count` posts gain
  size_t fewest = 99;  // posts that cover all
};

int64_t Gain(const CoverProblem& problem, uint32_t set, double backup_share) {
  int64_t gain = 0;
  for (CoverProblem::Row row = 0; row < problem.row_count(); ++row) {
    int times = 0;
    for (const Candidate c : problem.covered_by(row)) times += set >> c & 1;
    if (times > 0) gain += problem.weight(row);
    if (times > 1) {
      gain += std::llround(static_cast<double>(problem.weight(row)) * backup_share);
    }
  }
  return gain;
}

Exhaustive TryAll(const CoverProblem& problem, size_t count, double backup_share) {
  Exhaustive best;
  for (uint32_t set = 0; set < 1u << problem.candidate_count(); ++set) {
    const auto posts = static_cast<size_t>(__builtin_popcount(set));
    if (posts == std::min(count, problem.candidate_count())) {
      best.most = std::max(best.most, Gain(problem, set, backup_share));
    }
    if (Gain(problem, set, 0) == problem.coverable_weight()) {
      best.fewest = std::min(best.fewest, posts);
    }
  }
  return best;
}

CoverProblem RandomProblem(std::mt19937& random, size_t candidates, size_t rows) {
  CoverProblem problem(candidates);
  for (size_t row = 0; row < rows; ++row) {
    std::vector<Candidate> covered_by;
    const unsigned density = 1 + random() % 6;
    for (Candidate c = 0; c < candidates; ++c) {
      if (random() % 10 < density) covered_by.push_back(c);
    }
    problem.Add(covered_by, static_cast<int64_t>(random() % 1000));
  }
  problem.Finish();
  return problem;
}

uint32_t SetOf(const std::vector<Candidate>& chosen) {
  uint32_t set = 0;
  for (const Candidate c : chosen) set |= 1u << c;
  return set;
}

TEST(CoverProblem, JoinsDemandThatTheSameCandidatesCover) {
  CoverProblem problem(3);
  problem.Add({0, 2}, 5);
  problem.Add({1}, 7);
  problem.Add({0, 2}, 11);
  problem.Add({}, 13);
  problem.Add({2}, 0);
  problem.Finish();
  EXPECT_EQ(problem.row_count(), 2u);
  EXPECT_EQ(problem.coverable_weight(), 23);
  EXPECT_EQ(problem.uncoverable_weight(), 13);
  EXPECT_EQ(problem.own_weight(2), 16);
  EXPECT_THAT(problem.covers(0), ElementsAre(0));
}

TEST(CoverProblem, KnowsCandidatesThatOthersMakeSuperfluous) {
  CoverProblem problem(4);  // 1 covers less than 0; 3 the same as 2; nothing is left of none
  problem.Add({0, 1}, 5);
  problem.Add({0}, 5);
  problem.Add({2, 3}, 5);
  problem.Finish();
  EXPECT_THAT(DominatedCandidates(problem), ElementsAre(false, true, false, true));
}

TEST(MaxCover, EqualsTheBestOfAllChoices) {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    const CoverProblem problem = RandomProblem(random, 3 + random() % 9, 1 + random() % 40);
    const size_t count = 1 + random() % 5;
    const double backup_share = round % 3 == 0 ? 0.0 : round % 3 == 1 ? 1.0 : 0.4;
    const MaxCoverSolution solution =
        SolveMaxCover(problem, {.count = count, .backup_share = backup_share});
    const int64_t most = TryAll(problem, count, backup_share).most;
    ASSERT_EQ(solution.gain, most) << "round " << round;
    ASSERT_EQ(solution.bound, most) << "round " << round;
    ASSERT_TRUE(solution.proven);
    ASSERT_THAT(solution.chosen, SizeIs(std::min(count, problem.candidate_count())));
    ASSERT_EQ(Gain(problem, SetOf(solution.chosen), backup_share), most);
  }
}

TEST(MaxCover, StoppedItStillGivesAChoiceAndAProvenBound) {
  std::mt19937 random(11);
  for (int asked_max = 0; asked_max < 40; ++asked_max) {
    const CoverProblem problem = RandomProblem(random, 12, 60);
    int asked = 0;
    MaxCoverOptions options{.count = 4};
    options.stop = [&] { return asked++ >= asked_max; };
    const MaxCoverSolution solution = SolveMaxCover(problem, options);
    const int64_t most = TryAll(problem, 4, 0).most;
    ASSERT_THAT(solution.chosen, SizeIs(4));
    ASSERT_EQ(Gain(problem, SetOf(solution.chosen), 0), solution.gain);
    ASSERT_LE(solution.gain, most);
    ASSERT_GE(solution.bound, most);
    ASSERT_EQ(solution.proven, solution.bound == solution.gain);
  }
}

TEST(MaxCover, AGapEndsTheSearchEarlyAndIsKept) {
  std::mt19937 random(13);
  for (int round = 0; round < 50; ++round) {
    const CoverProblem problem = RandomProblem(random, 12, 60);
    const MaxCoverSolution solution = SolveMaxCover(problem, {.count = 4, .gap = 0.1});
    const int64_t most = TryAll(problem, 4, 0).most;
    ASSERT_TRUE(solution.proven);
    ASSERT_LE(solution.gap(), 0.1);
    ASSERT_GE(solution.bound, most);
    ASSERT_GE(static_cast<double>(solution.gain), 0.9 * static_cast<double>(most));
  }
}

TEST(MaxCover, GivesAsManyPostsAsAskedForEvenWhereFewerDo) {
  CoverProblem problem(4);
  problem.Add({1}, 5);
  problem.Finish();
  const MaxCoverSolution three = SolveMaxCover(problem, {.count = 3});
  EXPECT_THAT(three.chosen, SizeIs(3));
  EXPECT_EQ(three.chosen.front(), 1u);
  EXPECT_EQ(three.gain, 5);
  EXPECT_TRUE(three.proven);
  EXPECT_THAT(SolveMaxCover(problem, {.count = 9}).chosen, UnorderedElementsAre(0, 1, 2, 3));
}

TEST(MaxCover, OfNoDemandProvesNothingToBeHad) {
  CoverProblem problem(2);
  problem.Finish();
  const MaxCoverSolution solution = SolveMaxCover(problem, {.count = 1});
  EXPECT_EQ(solution.gain, 0);
  EXPECT_EQ(solution.bound, 0);
  EXPECT_TRUE(solution.proven);
}

TEST(MaxCover, GainsInTheThousandKilometresStayExact) {
  CoverProblem problem(3);  // micrometres: 5e12 together
  problem.Add({0}, 2'500'000'000'001);
  problem.Add({1}, 2'500'000'000'000);
  problem.Add({2}, 2'500'000'000'002);
  problem.Finish();
  const MaxCoverSolution solution = SolveMaxCover(problem, {.count = 2});
  EXPECT_THAT(solution.chosen, ElementsAre(2, 0));
  EXPECT_EQ(solution.gain, 5'000'000'000'003);
  EXPECT_TRUE(solution.proven);
}

TEST(SetCover, EqualsTheFewestOfAllChoices) {
  std::mt19937 random(17);
  for (int round = 0; round < 60; ++round) {
    const CoverProblem problem = RandomProblem(random, 3 + random() % 9, 1 + random() % 40);
    const auto solution = SolveSetCover(problem, {});
    ASSERT_TRUE(solution.ok()) << solution.status();
    ASSERT_EQ(solution->chosen.size(), TryAll(problem, 1, 0).fewest) << "round " << round;
    ASSERT_EQ(solution->bound, solution->chosen.size());
    ASSERT_TRUE(solution->proven);
    ASSERT_EQ(Gain(problem, SetOf(solution->chosen), 0), problem.coverable_weight());
  }
}

TEST(SetCover, KeepsOnlyRowsThatIncludeNoOther) {
  CoverProblem problem(3);
  problem.Add({0, 1, 2}, 1);
  problem.Add({0, 1}, 1);
  problem.Add({2}, 1);
  problem.Finish();
  EXPECT_THAT(MinimalRows(problem), ElementsAre(1, 2));
}

}  // namespace
}  // namespace patrol::coverage
