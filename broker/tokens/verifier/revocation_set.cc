#include "broker/tokens/verifier/revocation_set.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace claviger::tokens {
namespace {

// Beside the kinds of revocations.
constexpr std::uint8_t kIssuerDomain = 0;
static_assert(kTokenIdMax <= NameHash::kNameMax && kIssuerMax <= NameHash::kNameMax);
constexpr std::size_t kSegmentPlacesMin = 16;
// Places looked at in one call of expire(): some 50 µs when they are not in cache.
constexpr std::size_t kSweepPlacesMax = 8192;
// Segments swept for a newcomer when the set is full.
constexpr int kSweepsForRoom = 4;

bool is_over(std::int64_t expires, std::int64_t now) { return now >= expires + kRevocationGrace; }

// Twice as many as entries, so that probes stay short.
std::size_t places_for(std::size_t entries) { return std::bit_ceil(std::max(entries * 2, kSegmentPlacesMin)); }

}  // namespace

RevocationSet::RevocationSet(NameHash hash, std::size_t entries_max)
    : hash_(std::move(hash)), entries_max_(std::min(entries_max, kRevocationsMax)) {}

std::uint64_t RevocationSet::issuer_tag(std::string_view issuer) const { return hash_(kIssuerDomain, 0, issuer); }

RevocationDigest RevocationSet::digest_of(RevocationKind kind, std::uint64_t issuer_tag, std::string_view id) const {
  if (id.empty()) return 0;
  const std::uint64_t digest = hash_(static_cast<std::uint8_t>(kind), issuer_tag, id);
  // Both the whole and its low half say "no such claim" with 0.
  return static_cast<std::uint32_t>(digest) == 0 ? digest | 1U : digest;
}

const RevocationSet::Entry* RevocationSet::find(RevocationDigest digest) const {
  const auto low = static_cast<std::uint32_t>(digest);
  const Segment& segment = segments_[segment_of(low)];
  if (digest == 0 || segment.empty()) return nullptr;
  for (std::size_t at = low & (segment.size() - 1);; at = (at + 1) & (segment.size() - 1)) {
    if (segment[at].digest == digest) return &segment[at];
    if (segment[at].digest == 0) return nullptr;  // there is one: at most half of the places are filled
  }
}

std::int64_t RevocationSet::subject_not_before(std::string_view issuer, std::string_view subject) const {
  const Entry* entry = find(digest_of(RevocationKind::Subject, issuer_tag(issuer), subject));
  return entry == nullptr ? 0 : entry->not_before;
}

bool RevocationSet::has_low(std::uint32_t low) const {
  const Segment& segment = segments_[segment_of(low)];
  if (low == 0 || segment.empty()) return false;
  for (std::size_t at = low & (segment.size() - 1);; at = (at + 1) & (segment.size() - 1)) {
    if (segment[at].digest == 0) return false;
    if (static_cast<std::uint32_t>(segment[at].digest) == low) return true;
  }
}

bool RevocationSet::is_revoked(const RevocableNames& names, std::int64_t issued_at) const {
  if (issued_at < closed_before_) return true;
  if (is_key_revoked(names.key)) return true;
  if (find(names.jti) != nullptr || find(names.sid) != nullptr) return true;
  const Entry* subject = find(names.subject);
  return subject != nullptr && issued_at < subject->not_before;
}

bool RevocationSet::may_be_revoked(std::uint32_t jti, std::uint32_t sid, std::uint32_t subject) const {
  return closed_before_ != 0 || has_low(jti) || has_low(sid) || has_low(subject);
}

Result<Unit> RevocationSet::apply(const RevocationDelta& delta, std::int64_t now) {
  Result<Unit> outcome = Unit{};
  for (const Revocation& revocation : delta.changes) {
    // All of them, whatever becomes of one: the feed will not send them again.
    if (auto applied = apply(revocation, now); !applied) outcome = applied.error();
  }
  next_ = std::max(next_, delta.next);
  return outcome;
}

Result<Unit> RevocationSet::apply(const Revocation& revocation, std::int64_t now) {
  reopen(now);
  if (revocation.id.empty() || revocation.id.size() > kTokenIdMax) return Error{Code::BadValue, "revocation.id"};
  if (is_over(revocation.expires, now)) return Unit{};
  const std::int64_t not_before = revocation.kind == RevocationKind::Subject ? revocation.not_before : 0;
  const RevocationDigest digest = digest_of(revocation.kind, issuer_tag(revocation.issuer), revocation.id);

  if (const Entry* known = find(digest)) {
    Entry& entry = const_cast<Entry&>(*known);  // ours: find() is const for is_revoked()
    if (not_before > entry.not_before) ++epoch_;
    entry.not_before = std::max(entry.not_before, not_before);
    entry.expires = std::max(entry.expires, revocation.expires);
    return Unit{};
  }
  if (!has_room(now)) {
    close(revocation.expires, now);
    return Error{Code::TooMany, "revocation_set.entries"};
  }
  const std::size_t index = segment_of(static_cast<std::uint32_t>(digest));
  if (places_for(used_[index] + 1) > segments_[index].size()) rebuild(index, places_for(used_[index] + 1), now);
  place_for(segments_[index], digest) = Entry{digest, not_before, revocation.expires};
  ++used_[index];
  ++size_;
  ++epoch_;
  return Unit{};
}

RevocationSet::Entry& RevocationSet::place_for(Segment& segment, RevocationDigest digest) {
  std::size_t at = static_cast<std::uint32_t>(digest) & (segment.size() - 1);
  while (segment[at].digest != 0) at = (at + 1) & (segment.size() - 1);
  return segment[at];
}

void RevocationSet::rebuild(std::size_t index, std::size_t places, std::int64_t now) {
  Segment rebuilt(places);
  std::uint32_t kept = 0;
  for (const Entry& entry : segments_[index]) {
    if (entry.digest == 0 || is_over(entry.expires, now)) continue;
    place_for(rebuilt, entry.digest) = entry;
    ++kept;
  }
  size_ -= used_[index] - kept;
  used_[index] = kept;
  segments_[index] = std::move(rebuilt);
}

void RevocationSet::sweep(std::size_t index, std::int64_t now) {
  const auto over = std::count_if(segments_[index].begin(), segments_[index].end(), [now](const Entry& entry) {
    return entry.digest != 0 && is_over(entry.expires, now);
  });
  if (over == 0) return;
  const std::size_t left = used_[index] - static_cast<std::size_t>(over);
  if (left == 0) {
    size_ -= used_[index];
    used_[index] = 0;
    segments_[index] = Segment{};
    return;
  }
  rebuild(index, places_for(left), now);
}

void RevocationSet::expire(std::int64_t now) {
  reopen(now);
  std::size_t looked_at = 0;
  for (std::size_t i = 0; i < kSegments && looked_at < kSweepPlacesMax; ++i) {
    looked_at += segments_[sweep_at_].size();
    sweep(sweep_at_, now);
    sweep_at_ = (sweep_at_ + 1) % kSegments;
  }
}

bool RevocationSet::has_room(std::int64_t now) {
  for (int i = 0; i < kSweepsForRoom && size_ >= entries_max_; ++i) {
    sweep(sweep_at_, now);
    sweep_at_ = (sweep_at_ + 1) % kSegments;
  }
  return size_ < entries_max_;
}

void RevocationSet::close(std::int64_t expires, std::int64_t now) {
  // What did not fit concerns tokens of before now; their issuer's clock may be the leeway ahead of ours.
  closed_before_ = std::max(closed_before_, now + kRevocationGrace + 1);
  closed_until_ = std::max(closed_until_, expires + kRevocationGrace);
  ++epoch_;
}

void RevocationSet::reopen(std::int64_t now) {
  if (closed_before_ != 0 && now >= closed_until_) closed_before_ = 0;
}

}  // namespace claviger::tokens
