#include "broker/tokens/verifier/revocation_set.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>

namespace claviger::tokens {
namespace {

constexpr std::int64_t kNow = 1'700'000'000;

NameHash hash(std::uint64_t seed = 1) {
  Secret<crypto::kUniversalHashKeyBytes> key;
  std::mt19937_64 random(seed);  // any will do but one with structure: the hash is as good as its key
  for (std::byte& byte : key.reveal_for_writing()) byte = static_cast<std::byte>(random());
  return NameHash(key);
}

const std::string kIssuer = "https://idms.example";

Revocation revoke(RevocationKind kind, std::string id, std::int64_t expires = kNow + 300, std::int64_t not_before = 0) {
  return {kind, kIssuer, std::move(id), not_before, expires};
}

RevocableNames names_of(const RevocationSet& set, std::string_view jti, std::string_view sid, std::string_view subject,
                        std::string_view issuer = kIssuer) {
  const std::uint64_t tag = set.issuer_tag(issuer);
  return {set.digest_of(RevocationKind::Jti, tag, jti), set.digest_of(RevocationKind::Sid, tag, sid),
          set.digest_of(RevocationKind::Subject, tag, subject)};
}

bool may_be_revoked(const RevocationSet& set, const RevocableNames& names) {
  return set.may_be_revoked(static_cast<std::uint32_t>(names.jti), static_cast<std::uint32_t>(names.sid),
                            static_cast<std::uint32_t>(names.subject));
}

TEST(RevocationSet, RevokesOneTokenASessionOrAUsersPast) {
  RevocationSet set(hash());
  const RevocableNames names = names_of(set, "token-1", "session-1", "user-1");
  EXPECT_FALSE(set.is_revoked(names, kNow));
  EXPECT_FALSE(may_be_revoked(set, names));

  ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, "token-1"), kNow));
  EXPECT_TRUE(set.is_revoked(names, kNow));
  EXPECT_TRUE(may_be_revoked(set, names));
  EXPECT_FALSE(set.is_revoked(names_of(set, "token-2", "session-1", "user-1"), kNow));

  ASSERT_TRUE(set.apply(revoke(RevocationKind::Sid, "session-2"), kNow));
  EXPECT_TRUE(set.is_revoked(names_of(set, "token-2", "session-2", "user-1"), kNow));

  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "user-3", kNow + 300, kNow), kNow));
  const RevocableNames user = names_of(set, "token-3", "session-3", "user-3");
  EXPECT_TRUE(set.is_revoked(user, kNow - 1));
  EXPECT_FALSE(set.is_revoked(user, kNow));
  EXPECT_TRUE(may_be_revoked(set, user));
}

TEST(RevocationSet, KindsAndIssuersDoNotMeet) {
  RevocationSet set(hash());
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, "x"), kNow));
  EXPECT_FALSE(set.is_revoked(names_of(set, "", "x", "x"), 0));
  EXPECT_FALSE(set.is_revoked(names_of(set, "x", "", "", "https://idms.example/"), kNow));
  EXPECT_TRUE(set.is_revoked(names_of(set, "x", "", ""), kNow));
}

TEST(RevocationSet, AbsentClaimsMatchNothing) {
  RevocationSet set(hash());
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, "x"), kNow));
  EXPECT_FALSE(set.is_revoked(RevocableNames{}, kNow));
  EXPECT_FALSE(set.may_be_revoked(0, 0, 0));
  EXPECT_TRUE(set.apply(revoke(RevocationKind::Jti, ""), kNow).failed_with(Code::BadValue));
  EXPECT_TRUE(set.apply(revoke(RevocationKind::Jti, std::string(256, 'x')), kNow).failed_with(Code::BadValue));
}

TEST(RevocationSet, EpochChangesWithEachNewRevocationOnly) {
  RevocationSet set(hash());
  const std::uint32_t before = set.epoch();
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 300, kNow), kNow));
  const std::uint32_t after = set.epoch();
  EXPECT_NE(after, before);
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 300, kNow), kNow));
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 300, kNow - 5), kNow));
  EXPECT_EQ(set.epoch(), after);
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 300, kNow + 1), kNow));
  EXPECT_NE(set.epoch(), after);
}

TEST(RevocationSet, ANotBeforeNeverMovesBack) {
  RevocationSet set(hash());
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 300, kNow), kNow));
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, "u", kNow + 100, kNow - 100), kNow));
  EXPECT_TRUE(set.is_revoked(names_of(set, "", "", "u"), kNow - 1));
  for (std::int64_t at = kNow; at < kNow + 300 + kRevocationGrace; at += 10) set.expire(at);
  EXPECT_TRUE(set.is_revoked(names_of(set, "", "", "u"), kNow - 1));
}

TEST(RevocationSet, KeepsEachThroughTheLeewayAndNotLonger) {
  RevocationSet set(hash());
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, "x", kNow + 10), kNow));
  const RevocableNames names = names_of(set, "x", "", "");
  set.expire(kNow + 10 + kRevocationGrace - 1);
  EXPECT_TRUE(set.is_revoked(names, kNow));
  set.expire(kNow + 10 + kRevocationGrace);
  EXPECT_FALSE(set.is_revoked(names, kNow));
  EXPECT_EQ(set.size(), 0u);
  // What is over already when it comes takes no place.
  ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, "y", kNow - kRevocationGrace), kNow));
  EXPECT_EQ(set.size(), 0u);
}

TEST(RevocationSet, DeltasMoveTheSequenceForwardOnly) {
  RevocationSet set(hash());
  RevocationDelta delta{7, {revoke(RevocationKind::Jti, "a"), revoke(RevocationKind::Sid, "b")}};
  ASSERT_TRUE(set.apply(delta, kNow));
  EXPECT_EQ(set.next(), 7u);
  EXPECT_EQ(set.size(), 2u);
  delta.next = 5;
  ASSERT_TRUE(set.apply(delta, kNow));
  EXPECT_EQ(set.next(), 7u);
  EXPECT_EQ(set.size(), 2u);
}

TEST(RevocationSet, WhenFullFailsClosedForTheTokensOfThenAndReopens) {
  RevocationSet set(hash(), 100);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, std::to_string(i)), kNow));
  const RevocableNames stranger = names_of(set, "stranger", "", "");
  EXPECT_FALSE(set.is_revoked(stranger, kNow));

  EXPECT_TRUE(set.apply(revoke(RevocationKind::Jti, "one too many", kNow + 60), kNow).failed_with(Code::TooMany));
  EXPECT_EQ(set.size(), 100u);
  EXPECT_TRUE(set.is_revoked(names_of(set, "one too many", "", ""), kNow));
  EXPECT_TRUE(set.is_revoked(stranger, kNow));
  EXPECT_TRUE(set.is_revoked(stranger, kNow + kRevocationGrace));
  EXPECT_TRUE(may_be_revoked(set, stranger));
  EXPECT_FALSE(set.is_revoked(stranger, kNow + kRevocationGrace + 1));  // issued since: judged as before
  EXPECT_TRUE(set.is_revoked(names_of(set, "7", "", ""), kNow + 60));   // none was dropped

  set.expire(kNow + 60 + kRevocationGrace - 1);
  EXPECT_TRUE(set.is_revoked(stranger, kNow));
  set.expire(kNow + 60 + kRevocationGrace);
  EXPECT_FALSE(set.is_revoked(stranger, kNow));
  EXPECT_TRUE(set.is_revoked(names_of(set, "7", "", ""), kNow));
}

TEST(RevocationSet, ADeltaThatDoesNotFitIsStillAppliedAsFarAsItGoes) {
  RevocationSet set(hash(), 1);
  const RevocationDelta delta{9,
                              {revoke(RevocationKind::Jti, "a"), revoke(RevocationKind::Jti, "b"),
                               revoke(RevocationKind::Jti, "a", kNow + 900)}};
  EXPECT_TRUE(set.apply(delta, kNow).failed_with(Code::TooMany));
  EXPECT_EQ(set.next(), 9u);
  EXPECT_TRUE(set.is_revoked(names_of(set, "a", "", ""), kNow));
  EXPECT_TRUE(set.is_revoked(names_of(set, "b", "", ""), kNow));
}

TEST(RevocationSet, AgreesWithAMapThroughGrowthAndExpiry) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  RevocationSet set(hash(random()));
  struct Known {
    std::int64_t not_before;
    std::int64_t expires;
  };
  std::map<std::string, Known> tokens;
  std::map<std::string, Known> users;
  std::int64_t now = kNow;
  for (int i = 0; i < 60'000; ++i) {
    const std::string id = std::to_string(random() % 40'000);
    const std::int64_t expires = now + static_cast<std::int64_t>(random() % 400);
    if (random() % 2 == 0) {
      ASSERT_TRUE(set.apply(revoke(RevocationKind::Jti, id, expires), now));
      tokens[id].expires = std::max(tokens[id].expires, expires);
    } else {
      const std::int64_t not_before = now - static_cast<std::int64_t>(random() % 50);
      ASSERT_TRUE(set.apply(revoke(RevocationKind::Subject, id, expires, not_before), now));
      users[id].expires = std::max(users[id].expires, expires);
      users[id].not_before = std::max(users[id].not_before, not_before);
    }
    if (i % 100 == 0) set.expire(++now);
  }
  for (const auto& [id, known] : tokens) {
    const RevocableNames names = names_of(set, id, "", "");
    // Of what is over it may say either; of what is in force only one thing.
    if (now < known.expires + kRevocationGrace) {
      ASSERT_TRUE(set.is_revoked(names, now)) << id;
      ASSERT_TRUE(may_be_revoked(set, names)) << id;
    }
  }
  for (const auto& [id, known] : users) {
    if (now >= known.expires + kRevocationGrace) continue;
    const RevocableNames names = names_of(set, "", "", id);
    ASSERT_TRUE(set.is_revoked(names, known.not_before - 1)) << id;
    ASSERT_FALSE(set.is_revoked(names, known.not_before)) << id;
  }
  for (int i = 0; i < 3000; ++i) set.expire(now + 1000);
  EXPECT_EQ(set.size(), 0u);
}

}  // namespace
}  // namespace claviger::tokens
