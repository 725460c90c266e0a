#include "lib/patrol/coverage/mode_chains.h"

#include <algorithm>
#include <utility>

#include "lib/base/check.h"

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::kNoState;
using roadnet::kNotAllowed;
using roadnet::NodeIndex;
using roadnet::ReverseArc;
using roadnet::StateIndex;

constexpr uint32_t kNoEntry = 0xffffffff;

// The share of a length that is passed in `us` of `all_us`.
int64_t PartUm(int64_t length_um, uint32_t us, uint32_t all_us) {
  return static_cast<int64_t>(static_cast<double>(length_um) * us / all_us);
}

}  // namespace

struct ModeChains::Entry {
  ChainIndex chain;
  bool at_tail;
  NodeIndex node;
  ArcIndex first;  // arc that is entered
};

ModeChains::ModeChains(const Chains& chains, const roadnet::Network& network,
                       const roadnet::SearchGraph& graph)
    : chains_(chains), graph_(graph) {
  SetTimes();
  const std::vector<Entry> entries = Entries();
  SetSlots(network, entries);
  SetEdges(entries);
}

void ModeChains::SetTimes() {
  links_.reserve(chains_.link_count());
  for (uint32_t link = 0; link < chains_.link_count(); ++link) {
    const ArcIndex arc = chains_.arc(link);
    links_.push_back({chains_.begin_um(link), chains_.length_um(link), graph_.time_us(arc),
                      graph_.time_us(ReverseArc(arc))});
  }
  tail_states_.resize(chains_.count(), kNoState);
  head_states_.resize(chains_.count(), kNoState);
  full_us_.resize(chains_.count());
  for (ChainIndex chain = 0; chain < chains_.count(); ++chain) {
    const uint32_t begin = chains_.link_begin(chain);
    const uint32_t end = chains_.link_end(chain);
    uint64_t ahead_us = 0;
    uint64_t back_us = 0;
    bool alike = true;
    for (uint32_t link = begin; link < end; ++link) {
      ahead_us += links_[link].ahead_us;
      back_us += links_[link].back_us;
      alike &= links_[link].ahead_us == links_[link].back_us ||
               links_[link].ahead_us == kNotAllowed || links_[link].back_us == kNotAllowed;
    }
    const uint64_t us = std::max(ahead_us, back_us);
    // A time of 2^31 us and more (35 minutes) would overflow the sum of both ends.
    full_us_[chain] = alike && us > 0 && us < 0x80000000 ? static_cast<uint32_t>(us) : kNeverFull;
    if (links_[begin].ahead_us != kNotAllowed)
      tail_states_[chain] = graph_.entry(chains_.arc(end - 1));
    if (links_[begin].back_us != kNotAllowed) {
      head_states_[chain] = graph_.entry(ReverseArc(chains_.arc(begin)));
    }
  }
}

std::vector<ModeChains::Entry> ModeChains::Entries() const {
  std::vector<Entry> entries;
  for (ChainIndex chain = 0; chain < chains_.count(); ++chain) {
    const uint32_t begin = chains_.link_begin(chain);
    const uint32_t last = chains_.link_end(chain) - 1;
    if (links_[begin].ahead_us != kNotAllowed) {
      entries.push_back({chain, false, chains_.head(chain), chains_.arc(begin)});
    }
    if (links_[begin].back_us != kNotAllowed) {
      entries.push_back({chain, true, chains_.tail(chain), ReverseArc(chains_.arc(last))});
    }
  }
  return entries;
}

void ModeChains::SetSlots(const roadnet::Network& network, const std::vector<Entry>& entries) {
  // States by node, and the arc each came by (kNoArc where states are nodes).
  const size_t states = graph_.state_count();
  constexpr ArcIndex kNoArc = 0xffffffff;
  std::vector<ArcIndex> came_by(states, kNoArc);
  const bool by_arc = states != network.node_count() || [&] {
    for (StateIndex state = 0; state < states; ++state) {
      if (graph_.node(state) != state) return true;
    }
    return false;
  }();
  std::vector<uint32_t> states_begin(network.node_count() + 1, 0);
  for (StateIndex state = 0; state < states; ++state) ++states_begin[graph_.node(state) + 1];
  for (size_t i = 1; i < states_begin.size(); ++i) states_begin[i] += states_begin[i - 1];
  std::vector<StateIndex> states_at(states);
  {
    std::vector<uint32_t> next = states_begin;
    for (StateIndex state = 0; state < states; ++state) {
      states_at[next[graph_.node(state)]++] = state;
    }
  }
  if (by_arc) {
    for (ArcIndex arc = 0; arc < network.arc_count(); ++arc) {
      if (graph_.entry(arc) != kNoState) came_by[graph_.entry(arc)] = arc;
    }
    for (StateIndex state = 0; state < states; ++state) {
      for (const auto* edge = graph_.edges_begin(state); edge != graph_.edges_end(state); ++edge) {
        came_by[edge->state] = edge->arc;
      }
    }
  }
  const auto enters = [&](StateIndex state, ArcIndex arc) {
    return std::any_of(graph_.edges_begin(state), graph_.edges_end(state),
                       [&](const auto& edge) { return edge.arc == arc; });
  };
  const auto free_for_all = [&](const Entry& entry) {
    for (uint32_t i = states_begin[entry.node]; i < states_begin[entry.node + 1]; ++i) {
      const ArcIndex by = came_by[states_at[i]];
      if (by == kNoArc || by == ReverseArc(entry.first)) continue;
      if (!enters(states_at[i], entry.first)) return false;
    }
    return true;
  };

  // Slots in the order of the curve, those of one node together.
  std::vector<uint32_t> order(entries.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const auto key = [&](uint32_t i) {
      return std::pair(chains_.hilbert(entries[i].node), entries[i].node);
    };
    return key(a) != key(b) ? key(a) < key(b) : a < b;
  });
  struct Feed {
    StateIndex state;
    SlotIndex slot;
  };
  std::vector<Feed> feeds;
  std::vector<SlotIndex> entry_slots(entries.size());
  SlotIndex next = 0;
  for (size_t i = 0; i < order.size();) {
    const NodeIndex node = entries[order[i]].node;
    const SlotIndex node_slot = next++;
    for (uint32_t s = states_begin[node]; s < states_begin[node + 1]; ++s) {
      feeds.push_back({states_at[s], node_slot});
    }
    for (; i < order.size() && entries[order[i]].node == node; ++i) {
      const Entry& entry = entries[order[i]];
      if (free_for_all(entry)) {
        entry_slots[order[i]] = node_slot;
        continue;
      }
      entry_slots[order[i]] = next;
      for (uint32_t s = states_begin[node]; s < states_begin[node + 1]; ++s) {
        if (enters(states_at[s], entry.first)) feeds.push_back({states_at[s], next});
      }
      ++next;
    }
  }
  slot_count_ = (next + 1 + kLanes - 1) / kLanes * kLanes;  // one at least that is never reached

  head_slots_.assign(chains_.count(), never_slot());
  tail_slots_.assign(chains_.count(), never_slot());
  for (size_t i = 0; i < entries.size(); ++i) {
    (entries[i].at_tail ? tail_slots_ : head_slots_)[entries[i].chain] = entry_slots[i];
  }
  std::sort(feeds.begin(), feeds.end(), [](const Feed& a, const Feed& b) {
    return a.state != b.state ? a.state < b.state : a.slot < b.slot;
  });
  slots_begin_.assign(states + 1, 0);
  for (const Feed& feed : feeds) {
    ++slots_begin_[feed.state + 1];
    slots_.push_back(feed.slot);
  }
  for (size_t i = 1; i < slots_begin_.size(); ++i) slots_begin_[i] += slots_begin_[i - 1];
}

void ModeChains::SetEdges(const std::vector<Entry>& entries) {
  std::vector<uint32_t> entry_of(2 * links_.size() + 2, kNoEntry);  // by arc, via its link
  const auto key = [&](ArcIndex arc) {
    const uint32_t link = chains_.link_of(roadnet::PieceOf(arc));
    return 2 * link + (chains_.arc(link) == arc ? 0 : 1);
  };
  for (uint32_t i = 0; i < entries.size(); ++i) entry_of[key(entries[i].first)] = i;
  // From a state, by `edge`, through the chain to its other end.
  const auto through = [&](const Entry& entry, StateIndex state) {
    uint64_t us = graph_.time_us(entry.first);
    const uint32_t begin = chains_.link_begin(entry.chain);
    const uint32_t end = chains_.link_end(entry.chain);
    for (uint32_t passed = 1; passed < end - begin; ++passed) {
      const ArcIndex arc =
          entry.at_tail ? ReverseArc(chains_.arc(end - 1 - passed)) : chains_.arc(begin + passed);
      const auto* const edge =
          std::find_if(graph_.edges_begin(state), graph_.edges_end(state),
                       [&](const auto& candidate) { return candidate.arc == arc; });
      PATROL_CHECK(edge != graph_.edges_end(state));
      state = edge->state;
      us += graph_.time_us(arc);
    }
    PATROL_CHECK(us < kUnreached);
    return Edge{state, static_cast<uint32_t>(us)};
  };
  std::vector<bool> at_end(graph_.state_count(), false);
  for (StateIndex state = 0; state < at_end.size(); ++state) {
    at_end[state] = slots_begin_[state + 1] > slots_begin_[state];
  }
  edges_begin_.reserve(graph_.state_count() + 1);
  for (StateIndex state = 0; state < graph_.state_count(); ++state) {
    edges_begin_.push_back(static_cast<uint32_t>(edges_.size()));
    if (!at_end[state]) continue;
    for (const auto* edge = graph_.edges_begin(state); edge != graph_.edges_end(state); ++edge) {
      const uint32_t entry = entry_of[key(edge->arc)];
      PATROL_CHECK(entry != kNoEntry);
      edges_.push_back(through(entries[entry], edge->state));
    }
  }
  edges_begin_.push_back(static_cast<uint32_t>(edges_.size()));
}

int64_t ModeChains::Ahead(uint32_t first, uint32_t end, uint32_t left_us) const {
  for (uint32_t i = first; i < end; ++i) {
    const Link& link = links_[i];
    if (left_us < link.ahead_us) {
      return link.begin_um + PartUm(link.length_um, left_us, link.ahead_us);
    }
    left_us -= link.ahead_us;
  }
  return links_[end - 1].begin_um + links_[end - 1].length_um;
}

int64_t ModeChains::Back(uint32_t first, uint32_t end, uint32_t left_us) const {
  for (uint32_t i = end; i-- > first;) {
    const Link& link = links_[i];
    if (left_us < link.back_us) {
      return link.begin_um + link.length_um - PartUm(link.length_um, left_us, link.back_us);
    }
    left_us -= link.back_us;
  }
  return links_[first].begin_um;
}

}  // namespace patrol::coverage
