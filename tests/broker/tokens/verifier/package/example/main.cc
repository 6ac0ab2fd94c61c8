// A server that validates access tokens in its own process, with nothing but the installed package: it is given a file
// with an issuer's keys and tokens (tests/vectors/jws.json), judges each token twice (the second time from the cache)
// and then once more after all of them were revoked. Exit status 0: every verdict was the expected one.
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "broker/tokens/verifier/revocation_feed.h"
#include "broker/tokens/verifier/verifier.h"
#include "core/codec/json_reader.h"

namespace {

using namespace claviger;

struct Example {
  std::string id;
  std::string token;
  bool is_acceptable;
};

class Server {
 public:
  Server(tokens::Verifier verifier, tokens::VerificationPolicy policy)
      : verifier_(std::move(verifier)), policy_(std::move(policy)) {}

  static Result<Server> create(const codec::JsonObject& context) {
    CLAVIGER_TRY(issuer, context.string_at("issuer"));
    CLAVIGER_TRY(audience, context.string_at("audience"));
    CLAVIGER_TRY(jwks_value, context.at("jwks"));
    CLAVIGER_TRY(jwks, jwks_value.as_object());
    CLAVIGER_TRY(key_values, jwks.at("keys"));
    CLAVIGER_TRY(key_array, key_values.as_array());
    std::vector<crypto::Jwk> keys;
    for (const codec::JsonValue value : key_array) {
      CLAVIGER_TRY(object, value.as_object());
      CLAVIGER_TRY(key, crypto::read_jwk(object));
      keys.push_back(std::move(key));
    }
    CLAVIGER_TRY(set, tokens::KeySet::make(std::string(issuer), std::move(keys)));
    CLAVIGER_TRY(verifier, tokens::Verifier::create());
    CLAVIGER_TRY(trusted, verifier.set_keys(set));
    tokens::PolicyOptions options;
    options.issuers = {std::string(issuer)};
    options.audiences = {std::string(audience)};
    options.scopes_all = {"3gpp:mc:ptt_service"};
    options.identity = tokens::McService::Ptt;
    CLAVIGER_TRY(policy, verifier.make_policy(std::move(options)));
    return Server(std::move(verifier), std::move(policy));
  }

  Result<tokens::Verified> verify(const Example& example, std::int64_t now) {
    tokens::Presentation presentation;
    presentation.now = now;
    return verifier_.verify(example.token, policy_, presentation);
  }
  Result<Unit> revoke(std::string_view feed, std::int64_t now) {
    CLAVIGER_TRY(delta, tokens::parse_revocation_feed(feed));
    return verifier_.revocations().apply(delta, now);
  }
  const tokens::VerifierCounters& counters() const { return verifier_.counters(); }

 private:
  tokens::Verifier verifier_;
  tokens::VerificationPolicy policy_;
};

Result<int> run(const std::string& text) {
  codec::JsonReader reader({.bytes_max = 1024 * 1024, .values_max = 100'000});
  CLAVIGER_TRY(document, reader.parse(text));
  CLAVIGER_TRY(root, document.as_object());
  CLAVIGER_TRY(context_value, root.at("token_context"));
  CLAVIGER_TRY(context, context_value.as_object());
  CLAVIGER_TRY(now, context.int_at("now"));
  CLAVIGER_TRY(server, Server::create(context));

  std::vector<Example> examples;
  CLAVIGER_TRY(tokens_value, root.at("access_tokens"));
  CLAVIGER_TRY(token_array, tokens_value.as_array());
  for (const codec::JsonValue value : token_array) {
    CLAVIGER_TRY(object, value.as_object());
    CLAVIGER_TRY(id, object.string_at("id"));
    CLAVIGER_TRY(token, object.string_at("compact"));
    CLAVIGER_TRY(expected, object.string_at("expect"));
    examples.push_back({std::string(id), std::string(token), expected == "accept"});
  }

  int wrong = 0;
  for (int round = 0; round < 3; ++round) {
    if (round == 2) {  // as the broker's feed says it: every token of that user until now
      CLAVIGER_TRY(revoked,
                   server.revoke(R"({"next":1,"changes":[{"kind":"sub","issuer":"https://idms.claviger.example",)"
                                 R"("id":"mc-user-17","not_before":1700000101,"exp":4102444800}]})",
                                 now));
    }
    for (const Example& example : examples) {
      const auto verdict = server.verify(example, now);
      if (verdict.has_value() == (example.is_acceptable && round != 2)) continue;
      ++wrong;
      std::printf("%s: %s\n", example.id.c_str(),
                  verdict ? "accepted" : std::string(name_of(verdict.error().code)).c_str());
    }
  }
  std::printf("%zu tokens, %d wrong verdicts, %llu cache hits\n", examples.size(), wrong,
              static_cast<unsigned long long>(server.counters().hits));
  return wrong == 0 && server.counters().hits != 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: example_server VECTORS\n", stderr);
    return 2;
  }
  std::ifstream file(argv[1], std::ios::binary);
  const auto status = run(std::string((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>()));
  if (!status) {
    const std::string code(name_of(status.error().code));
    std::fprintf(stderr, "%s at %.*s\n", code.c_str(), static_cast<int>(status.error().where.size()),
                 status.error().where.data());
    return 1;
  }
  return *status;
}
