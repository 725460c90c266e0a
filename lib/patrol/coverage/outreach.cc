#include "lib/patrol/coverage/outreach.h"

#include <algorithm>
#include <cmath>

namespace patrol::coverage {
namespace {

using roadnet::ArcIndex;
using roadnet::kNoState;
using roadnet::kNotAllowed;
using roadnet::PieceIndex;

}  // namespace

void MergeStretches(std::vector<ChainStretch>* stretches) {
  std::vector<ChainStretch>& all = *stretches;
  if (all.size() == 2 && all[0].end_um < all[1].begin_um && all[0].begin_um < all[0].end_um &&
      all[1].begin_um < all[1].end_um) {
    return;  // the most common case by far: something from either end
  }
  if (all.size() > 1) {
    std::sort(all.begin(), all.end(),
              [](const ChainStretch& a, const ChainStretch& b) { return a.begin_um < b.begin_um; });
  }
  size_t kept = 0;
  for (const ChainStretch& next : all) {
    if (next.end_um <= next.begin_um) continue;
    if (kept > 0 && next.begin_um <= all[kept - 1].end_um) {
      all[kept - 1].end_um = std::max(all[kept - 1].end_um, next.end_um);
    } else {
      all[kept++] = next;
    }
  }
  all.resize(kept);
}

void Outreach::AppendReached(ChainIndex chain, const Standing* first, const Standing* last,
                             std::vector<ChainStretch>* out) const {
  if (const uint32_t left_us = left_[chains_->head_slots()[chain]]; left_us > 0) {
    out->push_back({0, chains_->FromHead(chain, left_us)});
  }
  if (const uint32_t left_us = left_[chains_->tail_slots()[chain]]; left_us > 0) {
    out->push_back({chains_->FromTail(chain, left_us), chains_->chains().chain_um(chain)});
  }
  for (; first != last; ++first) out->push_back(first->reached);
}

uint32_t Outreach::LeftAt(PieceIndex piece, double share) const {
  if (empty()) return 0;
  const Chains& chains = chains_->chains();
  const ChainIndex chain = chains.chain_of(piece);
  if (chain == kNoChain) return 0;
  const uint32_t link = chains.link_of(piece);
  const bool reversed = roadnet::IsBackward(chains.arc(link));
  const double from_begin = reversed ? 1 - share : share;
  const double to_end = reversed ? share : 1 - share;
  const uint32_t ahead_us = chains_->ahead_us(link);
  const uint32_t back_us = chains_->back_us(link);
  uint64_t best = 0;
  const auto consider = [&](uint64_t left_us, uint64_t way_us) {
    if (left_us > way_us) best = std::max(best, left_us - way_us);
  };
  // Travel time from the beginning of link `from` to that of link `to`, and back.
  const auto ahead = [&](uint32_t from, uint32_t to) {
    uint64_t us = 0;
    for (uint32_t k = from; k < to; ++k) us += chains_->ahead_us(k);
    return us;
  };
  const auto back = [&](uint32_t from, uint32_t to) {
    uint64_t us = 0;
    for (uint32_t k = from; k < to; ++k) us += chains_->back_us(k);
    return us;
  };
  if (const uint32_t left_us = left_[chains_->head_slots()[chain]]; left_us > 0) {
    consider(left_us, ahead(chains.link_begin(chain), link) + PartOf(ahead_us, from_begin));
  }
  if (const uint32_t left_us = left_[chains_->tail_slots()[chain]]; left_us > 0) {
    consider(left_us, back(link + 1, chains.link_end(chain)) + PartOf(back_us, to_end));
  }
  auto it = std::lower_bound(standing_.begin(), standing_.end(), chain,
                             [](const Standing& a, ChainIndex b) { return a.chain < b; });
  for (; it != standing_.end() && it->chain == chain; ++it) {
    const uint64_t left_us = it->left_us;
    const bool its_reversed = roadnet::IsBackward(chains.arc(it->link));
    const double its_begin = its_reversed ? 1 - it->share : it->share;
    const double its_end = its_reversed ? it->share : 1 - it->share;
    if (it->link == link) {
      if (share == it->share) consider(left_us, 0);
      const double way = reversed ? it->share - share : share - it->share;
      if (way > 0 && ahead_us != kNotAllowed) consider(left_us, PartOf(ahead_us, way));
      if (way < 0 && back_us != kNotAllowed) consider(left_us, PartOf(back_us, -way));
    } else if (it->link < link && ahead_us != kNotAllowed) {
      consider(left_us, PartOf(chains_->ahead_us(it->link), its_end) + ahead(it->link + 1, link) +
                            PartOf(ahead_us, from_begin));
    } else if (it->link > link && back_us != kNotAllowed) {
      consider(left_us, PartOf(chains_->back_us(it->link), its_begin) + back(link + 1, it->link) +
                            PartOf(back_us, to_end));
    }
  }
  return static_cast<uint32_t>(best);
}

void OutreachSearch::Compute(absl::Span<const Source> sources, size_t makes_max, Outreach* out) {
  out->chains_ = &chains_;
  out->left_.assign(chains_.slot_count(), 0);
  out->standing_.clear();
  used_.resize(2 * sources.size());
  rest_.clear();
  const Chains& chains = chains_.chains();
  size_t makes = makes_max;
  for (uint32_t i = 0; i < sources.size(); ++i) {
    const Source& source = sources[i];
    const PieceIndex piece = source.position.piece;
    const ChainIndex chain = chains.chain_of(piece);
    if (chain == kNoChain || source.delay_us >= lists_.reach_us()) continue;
    const double length_m = network_.piece(piece).length_m;
    const double share =
        length_m > 0 ? std::clamp(source.position.offset_m / length_m, 0.0, 1.0) : 0.0;
    const uint32_t left_us = lists_.reach_us() - source.delay_us;
    const uint32_t link = chains.link_of(piece);
    const bool reversed = roadnet::IsBackward(chains.arc(link));
    const double to_end = reversed ? share : 1 - share;
    const double from_begin = reversed ? 1 - share : share;
    const auto length_um = static_cast<double>(chains.length_um(link));
    const int64_t at_um = chains.begin_um(link) + std::llround(length_um * from_begin);
    ChainStretch reached{at_um, at_um};
    if (const uint32_t time_us = chains_.ahead_us(link); time_us != kNotAllowed) {
      const uint64_t rest_us = PartOf(time_us, to_end);
      if (left_us < rest_us) {
        const auto way_um = static_cast<int64_t>(length_um * left_us / time_us);
        reached.end_um = std::min(at_um + way_um, chains.end_um(link));
      } else {
        uint64_t way_us = rest_us;
        for (uint32_t k = link + 1; k < chains.link_end(chain); ++k) way_us += chains_.ahead_us(k);
        reached.end_um = link + 1 == chains.link_end(chain)
                             ? chains.end_um(link)
                             : chains_.Ahead(link + 1, chains.link_end(chain),
                                             static_cast<uint32_t>(left_us - rest_us));
        if (way_us < left_us) {
          Leave(chains_.tail_state(chain), static_cast<uint32_t>(left_us - way_us), 2 * i, &makes,
                out->left_.data());
        }
      }
    }
    if (const uint32_t time_us = chains_.back_us(link); time_us != kNotAllowed) {
      const uint64_t rest_us = PartOf(time_us, from_begin);
      if (left_us < rest_us) {
        const auto way_um = static_cast<int64_t>(length_um * left_us / time_us);
        reached.begin_um = std::max(at_um - way_um, chains.begin_um(link));
      } else {
        uint64_t way_us = rest_us;
        for (uint32_t k = chains.link_begin(chain); k < link; ++k) way_us += chains_.back_us(k);
        reached.begin_um = link == chains.link_begin(chain)
                               ? chains.begin_um(link)
                               : chains_.Back(chains.link_begin(chain), link,
                                              static_cast<uint32_t>(left_us - rest_us));
        if (way_us < left_us) {
          Leave(chains_.head_state(chain), static_cast<uint32_t>(left_us - way_us), 2 * i + 1,
                &makes, out->left_.data());
        }
      }
    }
    out->standing_.push_back({chain, link, i, left_us, share, reached});
  }
  if (!rest_.empty()) search_.Run(rest_, out->left_.data(), nullptr);
  std::stable_sort(out->standing_.begin(), out->standing_.end(),
                   [](const auto& a, const auto& b) { return a.chain < b.chain; });
}

void OutreachSearch::Leave(roadnet::StateIndex state, uint32_t left_us, size_t place, size_t* makes,
                           uint32_t* left) {
  if (state == kNoState) return;
  Used& used = used_[place];
  if (used.state != state || used.list == nullptr) {
    used = {state, lists_.Find(state)};
    if (used.list == nullptr && *makes > 0 && lists_.Wants(state)) {
      --*makes;
      clear_.resize(chains_.slot_count(), 0);
      used.list = lists_.Make(state, &search_, clear_.data());
    }
  }
  if (used.list != nullptr) {
    used.list->Raise(lists_.reach_us() - left_us, left);
  } else {
    rest_.push_back({state, left_us});
  }
}

}  // namespace patrol::coverage
