// Records survive the round trip; what is truncated, damaged or of a later release is an error, never a crash.
#include <gtest/gtest.h>

#include "broker/identity/authorization_code.h"
#include "broker/identity/client.h"
#include "broker/identity/session.h"
#include "broker/identity/user.h"

namespace claviger::identity {
namespace {

storage::Value value_of(std::string_view bytes) { return storage::Value(as_bytes(bytes), 7, 0, nullptr); }

User sample_user() {
  User user;
  user.sub = "sub";
  user.login = "ann@alpha.example";
  user.display_name = "Ann";
  user.status = UserStatus::Disabled;
  user.mc_id = "sip:ann@alpha.example";
  user.mcptt_id = "sip:ann-ptt@alpha.example";
  user.mcdata_id = "sip:ann-data@alpha.example";
  user.scopes = {"openid", "3gpp:mc:ptt_service"};
  user.password_hash = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$AAAA";
  user.password_changed_at = 11;
  user.not_before = 12;
  user.created_at = 13;
  return user;
}
Client sample_client() {
  Client client;
  client.client_id = "radio";
  client.name = "Radio";
  client.is_enabled = false;
  client.profile = ClientProfile::Mc;
  client.authentication = ClientAuthentication::SecretBasic;
  client.redirect_uris = {"http://127.0.0.1/cb", "app.example:/cb"};
  client.scopes = {"openid"};
  client.may_code = true;
  client.may_introspect = true;
  client.audiences = {"https://ptt.alpha.example"};
  client.secret_mac.emplace().fill(std::byte{9});
  client.jwks = "{}";
  client.tls_subject = "CN=a";
  client.tls_certificate_digest = "x";
  client.is_certificate_bound = true;
  client.created_at = 5;
  return client;
}
Session sample_session() {
  Session session;
  session.sid = "sid";
  session.sub = "sub";
  session.client_id = "radio";
  session.state = SessionState::Revoked;
  session.scopes = {"openid"};
  session.acr = "3gpp:acr:password";
  session.amr = {"pwd"};
  session.auth_time = 1;
  session.created_at = 2;
  session.last_used_at = 3;
  session.expires_at = 4;
  session.refresh_generation = 5;
  session.rotated_at_ms = 6;
  session.was_grace_used = true;
  session.refresh_salt = std::string(16, 's');
  session.certificate_digest = std::string(32, 'd');
  session.source = "192.0.2.1";
  return session;
}
AuthorizationCode sample_code() {
  AuthorizationCode code;
  code.digest = "00ff";
  code.client_id = "radio";
  code.redirect_uri = "http://127.0.0.1/cb";
  code.sub = "sub";
  code.scopes = {"openid"};
  code.challenge.fill(std::byte{3});
  code.nonce = "n";
  code.acr = "3gpp:acr:password";
  code.amr = {"pwd"};
  code.auth_time = 1;
  code.source = "192.0.2.1";
  code.expires_at = 60;
  code.session = "sid";
  code.interaction_expires_at = 600;
  return code;
}

TEST(UserRecord, SurvivesTheRoundTrip) {
  const User user = sample_user();
  const std::string bytes = encode_user(user);
  const auto read = decode_user(value_of(bytes), "sub");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sub, "sub");
  EXPECT_EQ(read->login, user.login);
  EXPECT_EQ(read->display_name, user.display_name);
  EXPECT_EQ(read->status, user.status);
  EXPECT_EQ(read->mc_id, user.mc_id);
  EXPECT_EQ(read->mcptt_id, user.mcptt_id);
  EXPECT_EQ(read->mcvideo_id, "");
  EXPECT_EQ(read->mcdata_id, user.mcdata_id);
  EXPECT_EQ(read->scopes, user.scopes);
  EXPECT_EQ(read->password_hash, user.password_hash);
  EXPECT_EQ(read->password_changed_at, 11);
  EXPECT_EQ(read->not_before, 12);
  EXPECT_EQ(read->created_at, 13);
  EXPECT_EQ(read->version, 7U);
}

TEST(ClientRecord, SurvivesTheRoundTrip) {
  const Client client = sample_client();
  const std::string bytes = encode_client(client);
  const auto read = decode_client(value_of(bytes), "radio");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->client_id, "radio");
  EXPECT_EQ(read->name, client.name);
  EXPECT_FALSE(read->is_enabled);
  EXPECT_EQ(read->profile, client.profile);
  EXPECT_EQ(read->authentication, client.authentication);
  EXPECT_EQ(read->redirect_uris, client.redirect_uris);
  EXPECT_EQ(read->scopes, client.scopes);
  EXPECT_TRUE(read->may_code);
  EXPECT_FALSE(read->may_client_credentials);
  EXPECT_TRUE(read->may_introspect);
  EXPECT_EQ(read->audiences, client.audiences);
  EXPECT_EQ(read->secret_mac, client.secret_mac);
  EXPECT_EQ(read->jwks, "{}");
  EXPECT_EQ(read->tls_subject, "CN=a");
  EXPECT_EQ(read->tls_certificate_digest, "x");
  EXPECT_TRUE(read->is_certificate_bound);
  EXPECT_EQ(read->created_at, 5);
  EXPECT_EQ(read->version, 7U);
}

TEST(SessionRecord, SurvivesTheRoundTrip) {
  const Session session = sample_session();
  const std::string bytes = encode_session(session);
  const auto read = decode_session(value_of(bytes), "sid");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->sub, "sub");
  EXPECT_EQ(read->client_id, "radio");
  EXPECT_EQ(read->state, SessionState::Revoked);
  EXPECT_EQ(read->scopes, session.scopes);
  EXPECT_EQ(read->acr, session.acr);
  EXPECT_EQ(read->amr, session.amr);
  EXPECT_EQ(read->refresh_generation, 5U);
  EXPECT_EQ(read->rotated_at_ms, 6);
  EXPECT_TRUE(read->was_grace_used);
  EXPECT_EQ(read->refresh_salt, session.refresh_salt);
  EXPECT_EQ(read->certificate_digest, session.certificate_digest);
  EXPECT_EQ(read->expires_at, 4);
  EXPECT_EQ(read->version, 7U);
}

TEST(CodeRecord, SurvivesTheRoundTrip) {
  const AuthorizationCode code = sample_code();
  const std::string bytes = encode_code(code);
  const auto read = decode_code(value_of(bytes), "00ff");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->redirect_uri, code.redirect_uri);
  EXPECT_EQ(read->challenge, code.challenge);
  EXPECT_EQ(read->nonce, "n");
  EXPECT_EQ(read->session, "sid");
  EXPECT_EQ(read->expires_at, 60);
  EXPECT_EQ(read->interaction_expires_at, 600);
  EXPECT_EQ(read->version, 7U);
}

TEST(AuthorizationCode, IsTheInteractionsAlone) {
  Interaction interaction;
  interaction.id[0] = std::byte{0x65};
  const Secret<32> key(std::array<std::byte, 32>{std::byte{1}}), other_key(std::array<std::byte, 32>{std::byte{2}});
  const auto code_for = [&](const Secret<32>& under, std::string_view tenant) {
    return std::string(as_text(code_of(under, tenant, interaction).reveal()));
  };
  const std::string code = code_for(key, "alpha");
  EXPECT_EQ(code.size(), 43U);
  EXPECT_EQ(code_for(key, "alpha"), code);
  interaction.expires_at = 600;  // a pushed request shown again after the settings changed is still one sign-in
  EXPECT_EQ(code_for(key, "alpha"), code);
  EXPECT_NE(code_for(key, "bravo"), code);
  EXPECT_NE(code_for(other_key, "alpha"), code);
  EXPECT_NE(code_for(other_key, "alpha").substr(6), code.substr(6));
  interaction.id[15] = std::byte{1};
  EXPECT_NE(code_for(key, "alpha").substr(6), code.substr(6));
  EXPECT_TRUE(code_digest(code).starts_with("65000000"));
  EXPECT_EQ(code_digest(code).size(), 72U);
  // Nobody's code: looked for, not found.
  for (const std::string& text : {std::string(), std::string("x"), std::string(43, '!'), code + "A"}) {
    EXPECT_EQ(code_digest(text).size(), 64U) << text;
  }
}

// Every record: no truncation is taken for a record, no flipped bit makes the decoder leave the buffer (ASan watches),
// and no empty one is accepted.
template <typename Decode>
void expect_hardy(const std::string& bytes, Decode decode) {
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    const auto read = decode(part);

    EXPECT_TRUE(!read || size + 8 >= bytes.size()) << size;
  }
  for (std::size_t at = 0; at < bytes.size() * 8; ++at) {
    std::string damaged = bytes;
    damaged[at / 8] = static_cast<char>(static_cast<unsigned char>(damaged[at / 8]) ^ (1U << (at % 8)));
    (void)decode(damaged);
  }
  EXPECT_TRUE(decode(std::string()).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode(std::string(64, '\0')).failed_with(Code::Corrupt));
  EXPECT_TRUE(decode(std::string(64, '\xFF')).failed_with(Code::Corrupt));
}

// The schema version is the only 16-bit field and has the value 1: raising it is a later release's record.
template <typename Decode>
void expect_refuses_later(const std::string& bytes, Decode decode) {
  bool was_seen = false;
  for (std::size_t at = 0; at + 1 < bytes.size(); ++at) {
    if (bytes[at] != 1 || bytes[at + 1] != 0) continue;
    std::string later = bytes;
    later[at] = 2;
    was_seen = was_seen || decode(later).failed_with(Code::SchemaTooNew);
  }
  EXPECT_TRUE(was_seen);
}

TEST(Records, RefuseWhatIsTruncatedDamagedOrLater) {
  const auto user = [](std::string_view bytes) { return decode_user(value_of(bytes), "sub"); };
  const auto client = [](std::string_view bytes) { return decode_client(value_of(bytes), "radio"); };
  const auto session = [](std::string_view bytes) { return decode_session(value_of(bytes), "sid"); };
  const auto code = [](std::string_view bytes) { return decode_code(value_of(bytes), "00ff"); };
  expect_hardy(encode_user(sample_user()), user);
  expect_hardy(encode_client(sample_client()), client);
  expect_hardy(encode_session(sample_session()), session);
  expect_hardy(encode_code(sample_code()), code);
  expect_refuses_later(encode_user(sample_user()), user);
  expect_refuses_later(encode_client(sample_client()), client);
  expect_refuses_later(encode_session(sample_session()), session);
  expect_refuses_later(encode_code(sample_code()), code);
}

TEST(Records, DecodeFromAnyAlignment) {
  const std::string bytes = encode_user(sample_user());
  std::string shifted = "x" + bytes;
  EXPECT_TRUE(decode_user(value_of(std::string_view(shifted).substr(1)), "sub"));
}

TEST(CanonicalLogin, LowersAsciiAndCutsBlanks) {
  EXPECT_EQ(*canonical_login("  Ann@Alpha.EXAMPLE\t"), "ann@alpha.example");
  EXPECT_EQ(*canonical_login("\xC3\x84nne"), "\xC3\x84nne");  // no Unicode folding: bytes as sent
  EXPECT_EQ(*canonical_login(std::string(255, 'a')), std::string(255, 'a'));
}

TEST(CanonicalLogin, RefusesWhatIsNotAName) {
  for (const std::string& bad : {std::string(), std::string("   "), std::string(256, 'a'), std::string("a\nb"),
                                 std::string("a\0b", 3), std::string("a\x7F"), std::string("\xFF")}) {
    EXPECT_TRUE(canonical_login(bad).failed_with(Code::LoginInvalid)) << bad;
  }
}

}  // namespace
}  // namespace claviger::identity
