// A broker without sockets for the tests of this room: a clock set by hand, the memory engine, one tenant "alpha" with an
// ES256 key, cheap password hashes. Testbed has one shard, driven by the test's own thread; ManyShards has threads.
//
// Made once per test; everything it hands out lives as long as it does.
#pragma once

#include <gtest/gtest.h>

#include <future>
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
#include "core/runtime/call.h"
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

// The parts, on any number of shards; who runs them is for the classes below.
class TestBroker {
 public:
  broker::Context* context(std::size_t shard = 0) { return contexts_[shard].get(); }
  storage::memory::MemoryStore& store() { return store_; }
  settings::Settings& settings() { return *settings_; }  // then publish()
  tenants::Tenant& tenant() { return tenant_; }
  http::Peer& peer() { return peer_; }
  ManualClock& clock() { return clock_; }
  runtime::Shard& shard(std::size_t index = 0) { return shards_[index]; }
  runtime::OffloadPool& hash_pool() { return hash_pool_; }

  // On `shard`, whose slabs carry the body.
  http::Request request(const Sent& sent, std::size_t shard = 0);
  runtime::Task<http::Response> start(Sent sent, std::size_t shard = 0);
  const http::InlineHandler* inline_handler(http::Method method, std::string_view path) const;

 protected:
  TestBroker(std::size_t shards, std::size_t hash_queue_max);
  // On the shard.
  void fill_context(std::size_t shard);

  ManualClock clock_;
  Logger logger_;
  runtime::Shards shards_;
  storage::memory::MemoryStore store_;
  runtime::OffloadPool hash_pool_;
  runtime::OffloadPool work_pool_;
  storage::Sealer sealer_;
  broker::InstallationKeys keys_;
  std::shared_ptr<settings::Settings> settings_ = std::make_shared<settings::Settings>();
  tenants::Tenant tenant_;
  std::shared_ptr<const tokens::TenantKeys> tenant_keys_;
  broker::SnapshotPublisher::Load load_;  // in place of the one tenant above
  broker::SnapshotPublisher publisher_;
  Contexts contexts_;
  http::Router router_;
  http::Peer peer_;
};

// One shard, driven by the test's own thread.
class Testbed : public TestBroker {
 public:
  explicit Testbed(std::size_t hash_queue_max = 64);
  ~Testbed();

  // Settings or tenant were changed: a new snapshot.
  void publish();

  template <typename T>
  T wait(runtime::Task<T> task) {
    return storage::run_task(shard(), std::move(task));
  }
  // Runs until `is_done`.
  void run_until(UniqueFunction<bool()> is_done) { shard().run_until(std::move(is_done)); }
  void run_turns(int count);

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
};

// Several shards, each with its thread; the test's thread asks them and waits.
class ManyShards : public TestBroker {
 public:
  explicit ManyShards(std::size_t shards);
  ~ManyShards();

  // Start() returns a Task and is called on that shard.
  template <typename Start>
  auto wait_on(std::size_t index, Start begin) {
    return begin_on(index, std::move(begin)).get();
  }
  template <typename Start>
  auto begin_on(std::size_t index, Start begin) {
    using T = typename runtime::detail::TaskValue<std::invoke_result_t<Start&>>::type;
    auto promise = std::make_shared<std::promise<T>>();
    auto future = promise->get_future();
    runtime::Shard* home = &shard(index);
    home->mailbox().post_control([home, promise, begin = std::move(begin)]() mutable {
      home->scope().spawn(keep_promise<T>(begin(), promise));
    });
    return future;
  }
  std::future<Reply> begin_send(std::size_t index, const Sent& sent);
  Reply send(std::size_t index, const Sent& sent) { return begin_send(index, sent).get(); }

 private:
  runtime::Task<Reply> send_on(std::size_t index, Sent sent);
  template <typename T>
  static runtime::Task<void> keep_promise(runtime::Task<T> task, std::shared_ptr<std::promise<T>> promise) {
    T value = co_await std::move(task);
    promise->set_value(std::move(value));
  }
};

Reply reply_of(http::Response response);
Sent get(std::string target);
Sent post_form(std::string target, std::string body);
Sent with_basic(Sent sent, std::string_view client_id, std::string_view secret);
std::string basic_field(std::string_view client_id, std::string_view secret);
// "https://app.example/cb" -> "https%3A%2F%2F..."
std::string escaped(std::string_view text);
// A good authentication request of profile plain, as a query.
std::string authorize_query(std::string_view client_id, std::string_view scope = "openid");

}  // namespace claviger::identity
