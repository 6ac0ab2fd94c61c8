#include "broker/seal_keys/capif_link.h"

#include <algorithm>
#include <vector>

#include "broker/identity/endpoint_urls.h"
#include "broker/seal_keys/capif_messages.h"
#include "broker/tables.h"
#include "core/codec/json_reader.h"
#include "core/codec/percent.h"

namespace claviger::seal_keys {
namespace {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

constexpr Milliseconds kAnswerMax{10'000};
constexpr std::size_t kAnswerBytesMax = 64 * 1024;

http::ClientOptions options_with(std::shared_ptr<const net::TlsContext> tls) {
  http::ClientOptions options;
  options.tls = std::move(tls);
  options.connections_max = 1;
  return options;
}

bool is_registered(const CapifCore& core) { return !core.provider_id.empty(); }
bool is_published(const CapifCore& core) { return !core.service_api_id.empty(); }

}  // namespace

CapifLink::CapifLink(Context& context, std::string tenant, CapifCore core, std::shared_ptr<const net::TlsContext> tls,
                     std::shared_ptr<PolicyGuard> guard, Changed changed)
    : context_(context),
      tenant_(std::move(tenant)),
      core_(std::move(core)),
      client_(context.shard, options_with(std::move(tls))),
      guard_(std::move(guard)),
      changed_(std::move(changed)) {}
CapifLink::~CapifLink() = default;

void CapifLink::start() {
  scope_.spawn(announce());
  if (core_.logs_invocations) scope_.spawn(send_logs());
  if (guard_ != nullptr) {
    scope_.spawn(follow_policy());
  } else if (!core_.subscription.empty()) {
    scope_.spawn(unsubscribe());
  }
}

void CapifLink::log(Invocation invocation) {
  if (!core_.logs_invocations) return;
  if (queue_.size() >= kLogQueueMax) {
    queue_.pop_front();
    ++logs_dropped_;
  }
  queue_.push_back(std::move(invocation));
}

std::string_view CapifLink::state() const {
  if (!is_registered(core_)) return "registering";
  return is_published(core_) ? "published" : "publishing";
}

void CapifLink::note(const Result<Unit>& result) {
  const std::string_view error = result ? std::string_view() : name_of(result.error().code);
  if (error == last_error_) return;
  last_error_ = error;
  context_.shard.logger().warning("capif.core",
                                  {{"tenant", tenant_}, {"state", state()}, {"code", error.empty() ? "ok" : error}});
}

void CapifLink::note_policy(const Result<Unit>& result) {
  const std::string_view error = result ? std::string_view() : name_of(result.error().code);
  if (error == policy_error_) return;
  policy_error_ = error;
  context_.shard.logger().warning("capif.policy", {{"tenant", tenant_}, {"code", error.empty() ? "ok" : error}});
}

Task<void> CapifLink::announce() {
  Seconds pause = kCapifRetryFirst;
  while (!is_published(core_)) {
    Result<Unit> done = Unit{};
    if (is_registered(core_)) {
      done = co_await publish_api();
    } else {
      done = co_await register_provider();
    }
    note(done);
    if (done) {
      pause = kCapifRetryFirst;
      continue;
    }
    co_await context_.shard.wait_until(context_.shard.now() + pause);
    pause = std::min(pause * 2, kCapifRetryLast);
  }
}

Task<void> CapifLink::send_logs() {
  Seconds pause = kLogEvery;
  for (;;) {
    co_await context_.shard.wait_until(context_.shard.now() + pause);
    // The log names the AEF and the API as the core function does.
    if (!is_published(core_)) continue;
    Result<Unit> done = Unit{};
    while (done && !queue_.empty()) done = co_await send_batch();
    note(done);
    pause = done ? kLogEvery : std::min(pause * 2, kCapifRetryLast);
  }
}

// What it tells us is fetched, so that a notice that is lost, or a core function that gives none, costs a minute.
Task<void> CapifLink::follow_policy() {
  for (;;) {
    if (is_published(core_)) {
      if (core_.subscription.empty()) {
        auto subscribed = co_await subscribe();
        if (!subscribed) {
          context_.shard.logger().info("capif.subscription",
                                       {{"tenant", tenant_}, {"code", name_of(subscribed.error().code)}});
        }
      }
      refresh_policy();
    }
    const Seconds pause = is_published(core_) ? kPolicyEvery : kCapifRetryFirst;
    co_await context_.shard.wait_until(context_.shard.now() + pause);
  }
}

void CapifLink::refresh_policy() {
  if (guard_ == nullptr || !is_published(core_)) return;
  is_policy_wanted_ = true;
  if (!is_fetching_policy_) scope_.spawn(fetch_while_wanted());
}

// One at a time; what is asked for meanwhile is fetched afterwards, once: the answer under way may be of before.
Task<void> CapifLink::fetch_while_wanted() {
  is_fetching_policy_ = true;
  while (is_policy_wanted_) {
    is_policy_wanted_ = false;
    auto fetched = co_await fetch_policy();
    note_policy(fetched);
  }
  is_fetching_policy_ = false;
}

Task<Result<Unit>> CapifLink::fetch_policy() {
  std::string target = "/access-control-policy/v1/accessControlPolicyList/";
  codec::percent_encode(core_.service_api_id, target);
  target += "?aef-id=";
  codec::percent_encode(own_id(), target);
  CLAVIGER_CO_TRY(asked, request(http::Method::Get, target));
  asked.response_bytes_max = kPolicyBytesMax;
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(asked)));
  if (answer.status != 200 && answer.status != 404) co_return Error{Code::Refused, "capif.policy"};
  // 404: there is none for our API.
  std::string json = answer.status == 200 ? std::move(answer.body) : std::string("{}");
  std::shared_ptr<PolicyGuard> guard = guard_;
  auto renewed = co_await PolicyGuard::renew(std::move(guard), std::move(json));
  co_return renewed;
}

Task<Result<Unit>> CapifLink::subscribe() {
  const broker::TenantView* view = context_.snapshot->find(tenant_);
  if (view == nullptr) co_return Error{Code::NotFound, "capif.tenant"};
  const std::string destination =
      identity::endpoint_base(*context_.snapshot->settings, view->tenant) + std::string(kNotificationsPath);
  std::string target = "/capif-events/v1/";
  codec::percent_encode(own_id(), target);
  CLAVIGER_CO_TRY(
      asked, request(http::Method::Post, target + "/subscriptions", write_policy_subscription(core_, destination)));
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(asked)));
  if (answer.status != 201) co_return Error{Code::Refused, "capif.subscription"};
  CLAVIGER_CO_TRY(id, read_subscription_location(answer.header("location")));
  CapifCore core = core_;
  core.subscription = std::move(id);
  co_return co_await keep(std::move(core));
}

// Until the core function has let it go: what it goes on telling us meanwhile is answered and changes nothing.
Task<void> CapifLink::unsubscribe() {
  Seconds pause = kCapifRetryFirst;
  for (bool is_gone = false; !is_gone;) {
    auto done = co_await unsubscribe_once();
    is_gone = done.has_value();
    if (is_gone) continue;
    note(done);
    co_await context_.shard.wait_until(context_.shard.now() + pause);
    pause = std::min(pause * 2, kCapifRetryLast);
  }
}

Task<Result<Unit>> CapifLink::unsubscribe_once() {
  std::string target = "/capif-events/v1/";
  codec::percent_encode(own_id(), target);
  target += "/subscriptions/";
  codec::percent_encode(core_.subscription, target);
  CLAVIGER_CO_TRY(asked, request(http::Method::Delete, target));
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(asked)));
  const bool is_gone = answer.status == 204 || answer.status == 200 || answer.status == 404;
  if (!is_gone) co_return Error{Code::Refused, "capif.subscription"};
  CapifCore core = core_;
  core.subscription.clear();
  co_return co_await keep(std::move(core));
}

Result<http::ClientRequest> CapifLink::request(http::Method method, std::string_view path, std::string body) {
  http::ClientRequest request(method, core_.url + std::string(path));
  request.timeout = kAnswerMax;
  request.response_bytes_max = kAnswerBytesMax;
  if (!body.empty()) request.content_type = "application/json";
  request.body = std::move(body);
  request.with("accept", "application/json");
  if (core_.sealed_enrolment.empty()) return request;
  CLAVIGER_TRY(token,
               context_.sealer.open(tables::kInstallation, capif_core_key(tenant_), as_bytes(core_.sealed_enrolment)));
  std::string field = "Bearer ";
  field.append(as_text(token.reveal()));
  request.with("authorization", std::move(field));
  return request;
}

Task<Result<Unit>> CapifLink::register_provider() {
  std::string enrolment;
  if (!core_.sealed_enrolment.empty()) {
    auto token = context_.sealer.open(tables::kInstallation, capif_core_key(tenant_), as_bytes(core_.sealed_enrolment));
    if (!token) co_return token.error();
    enrolment = as_text(token->reveal());
  }
  std::string body = write_registration("Claviger, tenant " + tenant_, enrolment);
  wipe(std::as_writable_bytes(std::span(enrolment)));
  CLAVIGER_CO_TRY(asked, request(http::Method::Post, "/api-provider-management/v1/registrations", std::move(body)));
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(asked)));
  if (answer.status != 201) co_return Error{Code::Refused, "capif.registration"};
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(registration, read_registration(reader, answer.body));
  CapifCore core = core_;
  core.provider_id = std::move(registration.provider_id);
  core.apf_id = std::move(registration.apf_id);
  core.assigned_aef_id = std::move(registration.aef_id);
  co_return co_await keep(std::move(core));
}

Task<Result<Unit>> CapifLink::publish_api() {
  const broker::TenantView* view = context_.snapshot->find(tenant_);
  if (view == nullptr) co_return Error{Code::NotFound, "capif.tenant"};
  const std::string base = identity::endpoint_base(*context_.snapshot->settings, view->tenant);
  const std::size_t path = base.find('/', base.find("://") + 3);
  CLAVIGER_CO_TRY(
      body, write_service_api(core_, std::string_view(base).substr(0, path),
                              path == std::string::npos ? std::string_view() : std::string_view(base).substr(path)));
  std::string target = "/published-apis/v1/";
  codec::percent_encode(core_.apf_id, target);
  CLAVIGER_CO_TRY(asked, request(http::Method::Post, target + "/service-apis", std::move(body)));
  CLAVIGER_CO_TRY(answer, co_await client_.send(std::move(asked)));
  if (answer.status != 201) co_return Error{Code::Refused, "capif.publication"};
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(api_id, read_service_api(reader, answer.body));
  CapifCore core = core_;
  core.service_api_id = std::move(api_id);
  co_return co_await keep(std::move(core));
}

Task<Result<Unit>> CapifLink::send_batch() {
  // The calls of whoever is first, in order; the others' stay.
  std::vector<Invocation> batch;
  const std::string invoker = queue_.front().invoker;
  for (auto call = queue_.begin(); call != queue_.end() && batch.size() < kLogBatchMax;) {
    if (call->invoker != invoker) {
      ++call;
      continue;
    }
    batch.push_back(std::move(*call));
    call = queue_.erase(call);
  }
  std::string target = "/api-invocation-logs/v1/";
  codec::percent_encode(own_id(), target);
  auto asked = request(http::Method::Post, target + "/logs", write_invocation_log(core_, batch));
  if (!asked) co_return asked.error();
  auto answer = co_await client_.send(*std::move(asked));
  const bool is_done = answer && (answer->status == 201 || answer->status == 200 || answer->status == 204);
  if (is_done) {
    logs_sent_ += batch.size();
    co_return Unit{};
  }
  // Back to the front, as far as there is room: newer calls have come meanwhile.
  while (!batch.empty() && queue_.size() < kLogQueueMax) {
    queue_.push_front(std::move(batch.back()));
    batch.pop_back();
  }
  logs_dropped_ += batch.size();
  co_return answer ? Error{Code::Refused, "capif.logs"} : answer.error();
}

Task<Result<Unit>> CapifLink::keep(CapifCore core) {
  const std::string key = capif_core_key(tenant_);
  storage::Transaction change;
  change.expect_version(tables::kInstallation, key, core.version);
  change.put(tables::kInstallation, key, as_bytes(encode_capif_core(core)));
  CLAVIGER_CO_TRY(committed, co_await context_.store.commit(std::move(change)));
  core.version = committed.sequence;
  core_ = core;
  changed_(std::move(core));
  co_return Unit{};
}

}  // namespace claviger::seal_keys
