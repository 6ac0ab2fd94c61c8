// The pure parts: refresh token text, Basic header, bearer header, client secrets, pages, recent map.
#include <gtest/gtest.h>

#include "broker/identity/basic_credentials.h"
#include "broker/identity/client_secret.h"
#include "broker/identity/page.h"
#include "broker/identity/recent_map.h"
#include "broker/identity/refresh_token.h"
#include "core/codec/base64url.h"

namespace claviger::identity {
namespace {

std::string basic(std::string_view joined) {
  std::string field = "Basic ";
  codec::base64_encode(as_bytes(joined), field);
  return field;
}
std::string text_of(const SecretBytes& secret) { return std::string(as_text(secret.reveal())); }

Session session_for_tokens() {
  Session session;
  session.sid = "AAAAAAAAAAAAAAAAAAAAAA";
  session.refresh_salt = std::string(16, 's');
  return session;
}
std::string token_text(const crypto::HmacSha256& key, std::string_view tenant, const Session& session,
                       std::uint32_t generation) {
  const auto text = make_refresh_token(key, tenant, session, generation);
  return std::string(as_text(text.reveal()));
}

TEST(RefreshToken, IsReadBackAndGenuineForItsSessionOnly) {
  const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  const crypto::HmacSha256 other_key(as_bytes("another-key-of-another-place-1234"));
  const Session session = session_for_tokens();
  const std::string text = token_text(key, "alpha", session, 7);
  EXPECT_EQ(text.size(), kRefreshTokenBytes);
  const auto token = parse_refresh_token(text);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->sid, session.sid);
  EXPECT_EQ(token->generation, 7U);
  EXPECT_TRUE(is_genuine(*token, key, "alpha", session));
  EXPECT_FALSE(is_genuine(*token, other_key, "alpha", session));
  EXPECT_FALSE(is_genuine(*token, key, "bravo", session));
  Session other = session;
  other.refresh_salt[0] = 'x';
  EXPECT_FALSE(is_genuine(*token, key, "alpha", other));
  EXPECT_NE(token_text(key, "alpha", session, 8), text);
}

TEST(RefreshToken, EveryChangedCharacterIsNoticed) {
  const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  const Session session = session_for_tokens();
  const std::string text = token_text(key, "alpha", session, 7);
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    const auto token = parse_refresh_token(changed);
    if (token && token->sid == session.sid) {
      EXPECT_FALSE(is_genuine(*token, key, "alpha", session)) << i;
    }
    EXPECT_TRUE(parse_refresh_token(text.substr(0, i)).failed_with(Code::RefreshInvalid));
  }
  EXPECT_TRUE(parse_refresh_token(text + "A").failed_with(Code::RefreshInvalid));
  EXPECT_TRUE(parse_refresh_token(std::string(kRefreshTokenBytes, '*')).failed_with(Code::RefreshInvalid));
}

TEST(Basic, DecodesFormEncodedParts) {  // RFC 6749 clause 2.3.1
  const auto plain = parse_basic(basic("radio:s3cret"));
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->client_id, "radio");
  EXPECT_EQ(text_of(plain->secret), "s3cret");
  const auto escaped = parse_basic(basic("a%3Ab:p%2B+%25"));
  ASSERT_TRUE(escaped);
  EXPECT_EQ(escaped->client_id, "a:b");
  EXPECT_EQ(text_of(escaped->secret), "p+ %");
  EXPECT_EQ(text_of(parse_basic(basic("radio:with:colons"))->secret), "with:colons");
  EXPECT_TRUE(parse_basic(basic("radio:"))->secret.empty());
  EXPECT_TRUE(parse_basic("bAsIc cmFkaW86eA=="));  // the scheme has no case
}

TEST(Basic, RefusesWhatIsMalformed) {
  for (const std::string& bad :
       {std::string(), std::string("Basic"), std::string("Basic "), std::string("Bearer abc"), std::string("Basic a"),
        std::string("Basic cmFkaW8"), std::string("Basic !!!!"), basic("no-colon"), basic(":secret"), basic("a%:x"),
        basic("a%4:x"), basic("a:%zz"), basic("a%00:x"), basic("\xFF:x"), "Basic " + std::string(4096, 'A')}) {
    EXPECT_TRUE(parse_basic(bad).failed_with(Code::ClientHeaderMalformed)) << bad;
  }
}

TEST(ClientSecret, HasMoreThan128BitsAndIsBoundToItsClient) {
  const auto one = make_client_secret();
  const auto two = make_client_secret();
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->size(), kClientSecretBytes);
  EXPECT_NE(text_of(*one), text_of(*two));
  const crypto::HmacSha256 key(as_bytes("0123456789abcdef0123456789abcdef"));
  const auto mac = client_secret_mac(key, "alpha", "radio", one->reveal());
  EXPECT_EQ(mac, client_secret_mac(key, "alpha", "radio", one->reveal()));
  EXPECT_NE(mac, client_secret_mac(key, "alpha", "radio2", one->reveal()));
  EXPECT_NE(mac, client_secret_mac(key, "bravo", "radio", one->reveal()));
  EXPECT_NE(mac, client_secret_mac(key, "alpha", "radio", two->reveal()));
}

TEST(RecentMap, ForgetsTheLongestUnused) {
  RecentMap<int, int> map(2);
  map.insert(1, 10);
  map.insert(2, 20);
  ASSERT_NE(map.find(1), nullptr);  // used: now 2 is the oldest
  map.insert(3, 30);
  EXPECT_EQ(map.find(2), nullptr);
  EXPECT_EQ(*map.find(1), 10);
  EXPECT_EQ(*map.find(3), 30);
  map.insert(3, 31);
  EXPECT_EQ(map.size(), 2U);
  map.erase(3);
  map.erase(99);
  EXPECT_EQ(map.size(), 1U);
  map.set_entries_max(0);  // one at least
  map.insert(4, 40);
  EXPECT_EQ(map.size(), 1U);
}

TEST(Page, EscapesWhatComesFromOutside) {
  SignInPage page;
  page.tenant = "alpha";
  page.tenant_name = "<b>\"A\" & 'B'</b>";
  page.interaction = "abc";
  page.redirect_uri = "https://app.example/cb";
  page.username = "\"><script>";
  page.alert = "<i>";
  const http::Response response = sign_in_page(page, kEnglish);
  const std::string html(http::text_of(response.body));
  EXPECT_EQ(html.find("<b>"), std::string::npos);
  EXPECT_EQ(html.find("<script"), std::string::npos);
  EXPECT_EQ(html.find("<i>"), std::string::npos);
  EXPECT_NE(html.find("&lt;b&gt;&quot;A&quot; &amp; &#39;B&#39;&lt;/b&gt;"), std::string::npos);
  EXPECT_NE(html.find("role=\"alert\""), std::string::npos);
  EXPECT_NE(html.find("autocomplete=\"username\""), std::string::npos);
  EXPECT_NE(html.find("autocomplete=\"current-password\""), std::string::npos);
  EXPECT_NE(html.find("<html lang=\"en\">"), std::string::npos);
  EXPECT_NE(html.find("<label for=\"username\">"), std::string::npos);
  EXPECT_NE(html.find("<label for=\"password\">"), std::string::npos);
  EXPECT_EQ(response.cache_control, "no-store");
}

TEST(Page, NamesWhereTheFormMayLead) {  // CSP 3 form-action
  EXPECT_EQ(form_action_source("https://app.example/cb?x=1"), "https://app.example");
  EXPECT_EQ(form_action_source("https://app.example:8443/cb"), "https://app.example:8443");
  EXPECT_EQ(form_action_source("http://127.0.0.1:49152/cb"), "http://127.0.0.1:49152");
  EXPECT_EQ(form_action_source("http://[::1]:49152/cb"), "http:");
  EXPECT_EQ(form_action_source("com.example.app:/cb"), "com.example.app:");
  EXPECT_EQ(form_action_source("com.example.app://host/cb"), "com.example.app:");
  EXPECT_EQ(form_action_source("not a uri"), "");
}

}  // namespace
}  // namespace claviger::identity
