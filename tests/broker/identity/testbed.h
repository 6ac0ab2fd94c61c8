// A broker without sockets for the tests of this room: one shard driven by the test's own thread, a clock set by hand,
// the memory engine, one tenant "alpha" with an ES256 key, cheap password hashes.
//
// Made once per test; everything it hands out lives as long as it does.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/context.h"
#include "broker/identity/client_procedures.h"
#include "broker/identity/identity_shard.h"
#include "broker/identity/routes.h"
#include "broker/identity/user_procedures.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/http/router.h"
#include "core/runtime/scope.h"
#include "storage/memory/memory_store.h"
#include "tests/storage/run_task.h"

namespace claviger::identity {

inline constexpr std::string_view kIssuer = "https://idms.alpha.example/idms/v1/alpha";
inline constexpr std::string_view kRedirect = "https://app.example/cb";
// RFC 7636 appendix B.
inline constexpr std::string_view kVerifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
inline constexpr std::string_view kChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

// What a test sends; turned into an http::Request that owns its texts.
struct Sent {
  http::Method method = http::Method::Get;
  std::string target;  // path and query
  std::vector<std::pair<http::Field, std::string>> fields = {};
  std::string body = {};
};

struct Reply {
  std::uint16_t status = 0;
  std::string content_type;
  std::string cache_control;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;

  // Empty when absent.
  std::string header(std::string_view name) const;
  // The string or number member of a JSON body as text; empty when absent.
  std::string member(std::string_view name) const;
  // A parameter of the Location's query, decoded; empty when absent.
  std::string redirected(std::string_view name) const;
};

// What a connection is to its request: the owner.
struct Pending {
  std::optional<http::Response> response;
  runtime::Scope scope;
};

// Of "<input ... name="interaction" value="...">".
std::string hidden_interaction(const std::string& html);
// The claims of a JWT as JSON text.
std::string claims_of(const std::string& jwt);
std::string member_of(const std::string& json, std::string_view name);

class Testbed {
 public:
  explicit Testbed(std::size_t hash_queue_max = 64);
  ~Testbed();

  broker::Context* context() { return contexts_.front().get(); }
  Contexts& contexts() { return contexts_; }
  storage::memory::MemoryStore& store() { return store_; }
  settings::Settings& settings() { return *settings_; }  // before the first publication or with publish()
  tenants::Tenant& tenant() { return tenant_; }
  http::Peer& peer() { return peer_; }
  ManualClock& clock() { return clock_; }
  runtime::Shard& shard() { return shards_[0]; }
  runtime::OffloadPool& hash_pool() { return hash_pool_; }
  // Settings or tenant were changed: a new snapshot.
  void publish();

  template <typename T>
  T wait(runtime::Task<T> task) {
    return storage::run_task(shard(), std::move(task));
  }
  // Runs until `is_done`.
  void run_until(UniqueFunction<bool()> is_done) { shard().run_until(std::move(is_done)); }
  void run_turns(int count);

  http::Request request(const Sent& sent);
  Reply send(const Sent& sent);
  // All of them begun in one turn.
  std::vector<Reply> send_together(const std::vector<Sent>& sent);
  // Begins a request and returns when it waits for something; its answer appears in the Pending later.
  std::unique_ptr<Pending> begin(const Sent& sent);
  Reply finish(Pending& pending);
  // Begins a request and drops it after `turns` turns.
  void send_and_drop(const Sent& sent, int turns);
  std::optional<http::Response> send_inline(const Sent& sent);

  // Ready-made inhabitants.
  User add_user(std::string login = "ann", std::string password = "correct horse");
  CreatedClient add_client(ClientDraft draft);
  Client add_public_client(ClientProfile profile = ClientProfile::Plain);

  // The whole way of a user: authorize, sign in. The answer of the sign-in.
  Reply sign_in(std::string_view authorize_query, std::string_view login, std::string_view password);
  // And the code, redeemed: the answer of the token endpoint.
  Reply sign_in_for_tokens(std::string_view client_id, std::string_view scope = "openid");

 private:
  runtime::Task<http::Response> start(const Sent& sent);
  std::shared_ptr<const tokens::TenantKeys> make_keys();

  ManualClock clock_;
  Logger logger_;
  runtime::Shards shards_{1, clock_, logger_, SipKey{1, 2}};
  storage::memory::MemoryStore store_;
  runtime::OffloadPool hash_pool_;
  runtime::OffloadPool work_pool_;
  storage::Sealer sealer_;
  broker::InstallationKeys keys_;
  std::shared_ptr<settings::Settings> settings_ = std::make_shared<settings::Settings>();
  tenants::Tenant tenant_;
  std::shared_ptr<const tokens::TenantKeys> tenant_keys_;
  broker::SnapshotPublisher publisher_;
  Contexts contexts_;
  http::Router router_;
  http::Peer peer_;
};

Sent get(std::string target);
Sent post_form(std::string target, std::string body);
Sent with_basic(Sent sent, std::string_view client_id, std::string_view secret);
std::string basic_field(std::string_view client_id, std::string_view secret);
// "https://app.example/cb" -> "https%3A%2F%2F..."
std::string escaped(std::string_view text);
// A good authentication request of profile plain, as a query.
std::string authorize_query(std::string_view client_id, std::string_view scope = "openid");

}  // namespace claviger::identity
