// An example of a server that validates access tokens in its own process: it links claviger::verifier, fetches the
// issuer's keys once, follows the revocation feed, and answers for each token on standard input with a line,
//   accept SUB    or    refuse CODE
// usage: feed_example ISSUER CA_FILE CLIENT_ID AUDIENCE      the client's secret is in CLAVIGER_EXAMPLE_SECRET
//
// What a real server adds: it fetches the keys again now and then, and builds tables for keys it uses much
// (Verifier::table_wish).
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>

#include "broker/tokens/verifier/verifier.h"
#include "core/base/clock.h"
#include "core/codec/base64url.h"
#include "core/codec/percent.h"
#include "core/codec/uri.h"
#include "core/crypto/random.h"
#include "tests/system/feed_example/feed_reader.h"

namespace claviger::example {
namespace {

std::string authorization_line(std::string_view client_id, std::string_view secret) {
  std::string pair;
  codec::percent_encode(client_id, pair);
  pair += ':';
  codec::percent_encode(secret, pair);
  std::string line = "Authorization: Basic ";
  codec::base64_encode(as_bytes(pair), line);
  return line + "\r\n";
}

struct Server {
  tokens::Verifier verifier;
  tokens::VerificationPolicy policy;
};

Result<Server> make_server(TlsConnection& connection, const std::string& issuer, const std::string& audience) {
  CLAVIGER_TRY(uri, codec::parse_absolute_uri(issuer));
  CLAVIGER_TRY(answer, connection.get(std::string(uri.path) + "/jwks", {}));
  if (answer.status != 200) return Error{Code::Unreachable, "example.jwks"};
  CLAVIGER_TRY(keys, tokens::KeySet::from_jwks(issuer, answer.body));
  tokens::VerifierOptions options;
  CLAVIGER_TRY(seeded, crypto::fill_random(options.seed.reveal_for_writing()));
  CLAVIGER_TRY(verifier, tokens::Verifier::create(std::move(options)));
  CLAVIGER_TRY(trusted, verifier.set_keys(keys));
  tokens::PolicyOptions rules;
  rules.issuers = {issuer};
  rules.audiences = {audience};
  CLAVIGER_TRY(policy, verifier.make_policy(std::move(rules)));
  return Server{std::move(verifier), std::move(policy)};
}

void answer_for(Server& server, FeedReader& feed, std::string_view token) {
  const SystemClock clock;
  const std::int64_t now = numeric_date(clock.wall());
  for (const tokens::Revocation& change : feed.take()) {
    if (!server.verifier.revocations().apply(change, now)) {
      std::puts("refuse revocations.full");
      return;
    }
  }
  if (!feed.is_fresh()) {
    std::puts("refuse feed.stale");
    return;
  }
  tokens::Presentation presentation;
  presentation.now = now;
  const auto verified = server.verifier.verify(token, server.policy, presentation);
  if (!verified) {
    std::printf("refuse %.*s\n", static_cast<int>(name_of(verified.error().code).size()),
                name_of(verified.error().code).data());
    return;
  }
  const std::string_view subject = server.verifier.decode_verified(token, *verified).subject;
  std::printf("accept %.*s\n", static_cast<int>(subject.size()), subject.data());
}

int run(const std::string& issuer, const std::string& ca_file, std::string_view client_id,
        const std::string& audience) {
  const char* secret = std::getenv("CLAVIGER_EXAMPLE_SECRET");
  const auto uri = codec::parse_absolute_uri(issuer);
  if (secret == nullptr || !uri) {
    std::fputs("feed_example: a secret in CLAVIGER_EXAMPLE_SECRET and an https issuer, please\n", stderr);
    return 2;
  }
  auto connection = TlsConnection::create(*uri, ca_file);
  auto for_feed = TlsConnection::create(*uri, ca_file);
  if (!connection || !for_feed) {
    std::fputs("feed_example: the CA file cannot be read\n", stderr);
    return 2;
  }
  auto server = make_server(*connection, issuer, audience);
  if (!server) {
    std::fprintf(stderr, "feed_example: no keys: %s\n", std::string(server.error().where).c_str());
    return 1;
  }
  FeedReader feed(*std::move(for_feed), std::string(uri->path) + "/revocations", authorization_line(client_id, secret));
  for (std::string line; std::getline(std::cin, line);) {
    answer_for(*server, feed, line);
    std::fflush(stdout);
  }
  return 0;
}

}  // namespace
}  // namespace claviger::example

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: feed_example ISSUER CA_FILE CLIENT_ID AUDIENCE\n", stderr);
    return 2;
  }
  return claviger::example::run(argv[1], argv[2], argv[3], argv[4]);
}
