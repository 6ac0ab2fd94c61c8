#include "broker/partners/partner.h"

#include <gtest/gtest.h>

#include "broker/partners/partner_keys.h"
#include "broker/partners/revocation_poll.h"
#include "tests/broker/partners/partner_bed.h"

namespace claviger::partners {
namespace {

TEST(Partner, ReadsBackAsItWas) {
  Partner partner;
  partner.name = "bravo";
  partner.display_name = "Bravo";
  partner.issuer = "https://i";
  partner.resource = "https://r";
  partner.token_endpoint = "https://t";
  partner.jwks_uri = "https://j";
  partner.jwks = "{}";
  partner.ca_pem = "pem";
  partner.revocations_uri = "https://v";
  partner.feed_client_id = "us";
  partner.sealed_feed_secret = std::string("\1\0\2", 3);
  partner.scopes = {"a", "b"};
  partner.domains = {"bravo.example"};
  partner.accepted_acrs = {"a=3gpp:acr:password"};
  partner.clients = {"app"};
  partner.outbound = Outbound::Listed;
  partner.is_strict_type = false;
  partner.gives_refresh_tokens = true;
  partner.keys_kept = Seconds{1};
  partner.session_max = Seconds{2};
  partner.is_enabled = false;
  partner.created_at = 3;
  const auto read = decode_partner(storage::Value::owned(encode_partner(partner), 9, 0), "bravo");
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_partner(*read), encode_partner(partner));
  EXPECT_EQ(read->version, 9U);
  EXPECT_EQ(read->sealed_feed_secret, partner.sealed_feed_secret);
}

TEST(Partner, RefusesADamagedRecord) {
  const std::string good = encode_partner(Partner());
  for (std::size_t size = 0; size < good.size(); size += 4) {
    const auto read = decode_partner(storage::Value::owned(good.substr(0, size), 1, 0), "x");
    if (!read) {
      EXPECT_EQ(read.error().code, Code::Corrupt) << size;
    }
  }
}

TEST(FetchedKeys, ReadBackOrAreRefused) {
  const std::string good = encode_fetched_keys({1'700'000'000, "{\"keys\":[]}"});
  const auto read = decode_fetched_keys(as_bytes(good));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->fetched_at, 1'700'000'000);
  EXPECT_EQ(read->jwks, "{\"keys\":[]}");
  EXPECT_EQ(decode_fetched_keys(as_bytes(good).first(8)).error().code, Code::Corrupt);
  EXPECT_EQ(decode_fetched_keys(as_bytes("\2" + good.substr(1))).error().code, Code::SchemaTooNew);
}

TEST(PartnerKeys, AreThoseThatCanVerify) {
  const OtherSystem bravo("bravo");
  const auto keys = parse_partner_keys(bravo.issuer, bravo.jwks(), nullptr);
  ASSERT_TRUE(keys.has_value());
  EXPECT_NE(keys->set->find(bravo.key->kid()), nullptr);
  EXPECT_EQ(parse_partner_keys(bravo.issuer, "{\"keys\":[]}", nullptr).error().code, Code::PartnerKeysMissing);
  EXPECT_FALSE(parse_partner_keys(bravo.issuer, "", nullptr).has_value());
  EXPECT_FALSE(parse_partner_keys(bravo.issuer, "[]", nullptr).has_value());
  // RFC 7515 appendix A.3: everybody has its private part (attack list, row 35).
  constexpr std::string_view kPublished =
      R"({"keys":[{"kty":"EC","crv":"P-256","kid":"1","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",)"
      R"("y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]})";
  EXPECT_EQ(parse_partner_keys(bravo.issuer, std::string(kPublished), nullptr).error().code, Code::KeyPublished);
}

// Partners::load() reads the records while a fetch ends.
TEST(PartnerKeys, AFetchThatEndsMeanwhileIsNotLost) {
  const OtherSystem bravo("bravo");
  auto fetched = parse_partner_keys(bravo.issuer, bravo.jwks(), nullptr);
  ASSERT_TRUE(fetched.has_value());
  fetched->fetched_at = 7;
  KnownKeys nothing;
  keep_newer(nothing, *fetched, bravo.issuer);
  EXPECT_EQ(nothing.set, fetched->set);
  KnownKeys older;
  older.issuer = bravo.issuer;
  older.set = fetched->set;
  older.fetched_at = 6;
  keep_newer(older, *fetched, bravo.issuer);
  EXPECT_EQ(older.fetched_at, 7);
  older.fetched_at = 8;
  keep_newer(older, *fetched, bravo.issuer);
  EXPECT_EQ(older.fetched_at, 8);
  KnownKeys of_another;
  keep_newer(of_another, *fetched, "https://idms.charlie.example");
  EXPECT_EQ(of_another.set, nullptr);
}

// A feed that does not lead on would be asked the same for ever.
TEST(RevocationPoll, TheFeedMustLeadOn) {
  tokens::RevocationDelta delta;
  delta.next = 7;
  EXPECT_TRUE(check_feed_progress(delta, 7));
  EXPECT_TRUE(check_feed_progress(delta, 6));
  EXPECT_TRUE(check_feed_progress(delta, 8).failed_with(Code::OutOfRange));
  delta.changes.emplace_back();
  EXPECT_TRUE(check_feed_progress(delta, 6));
  EXPECT_TRUE(check_feed_progress(delta, 7).failed_with(Code::OutOfRange));
  EXPECT_TRUE(check_feed_progress(delta, 8).failed_with(Code::OutOfRange));
}

}  // namespace
}  // namespace claviger::partners
