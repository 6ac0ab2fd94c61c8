#include <unistd.h>

#include <array>

#include "broker/admin/endpoints.h"
#include "broker/admin/metrics_text.h"
#include "broker/admin/process_facts.h"
#include "broker/admin/watch_metrics.h"
#include "core/codec/json_writer.h"
#include "core/http/counters.h"

namespace claviger::admin {
namespace {

using runtime::Task;

constexpr std::array<std::string_view, 4> kLevels{"debug", "info", "warning", "error"};

void write_store(codec::JsonWriter<std::string>& json, const storage::Store& store) {
  const storage::StoreHealth health = store.health();
  const storage::StoreFigures figures = store.figures();
  json.name("store").begin_object();
  json.member("state", health.can_write ? std::string_view("writable") : health.why);
  json.member("commits", figures.commits).member("batches", figures.batches).member("conflicts", figures.conflicts);
  json.member("commits_queued", health.commits_queued).member("reads_inline", figures.reads_inline);
  json.member("reads_off_loop", figures.reads_off_loop).member("files_bytes", figures.files_bytes);
  json.member("block_cache_bytes", figures.block_cache_bytes).member("memtable_bytes", figures.memtable_bytes);
  json.member("latest_sequence", store.latest_sequence()).end_object();
}

std::uint64_t write_listeners(codec::JsonWriter<std::string>& json, const AdminServices& services) {
  std::uint64_t all_open = 0;
  json.name("listeners").begin_array();
  for (const ListenerFigures& listener : services.process.listeners()) {
    std::uint64_t open = 0, accepted = 0, requests = 0;
    for (const http::Counters* counters : listener.by_shard) {
      open += counters->connections_open.read();
      accepted += counters->connections_accepted.read();
      requests += counters->requests_http1.read() + counters->requests_http2.read();
    }
    all_open += open;
    json.begin_object().member("name", listener.name).member("connections_open", open);
    json.member("connections_accepted", accepted).member("requests", requests).end_object();
  }
  json.end_array();
  return all_open;
}

Task<Answer> status(Call* call) {
  const AdminServices& services = call->services;
  broker::Context& context = call->context;
  const Clock& clock = context.shard.clock();
  const SandboxClock* sandbox_clock = services.process.sandbox_clock();
  const std::string_view not_ready = why_not_ready(services);
  const auto up = std::chrono::duration_cast<Seconds>(clock.monotonic() - services.process.started_at());

  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("state", not_ready.empty() ? std::string_view("ready") : not_ready);
  json.member("version", version()).member("pid", getpid()).member("uptime_seconds", up.count());
  json.member("time", numeric_date(clock.wall()));
  json.member("clock_is_set", sandbox_clock != nullptr && sandbox_clock->is_set());
  json.member("sandbox", context.snapshot->settings->is_sandbox).member("snapshot", context.snapshot->number);
  json.member("tenants", context.snapshot->tenants.size()).member("shards", services.contexts.size());
  json.member("allocator", allocator()).member("openssl", openssl_version()).member("resident_bytes", resident_bytes());
  json.member("hash_queue", context.hash_pool.queued());
  json.member("log_level", kLevels[static_cast<std::size_t>(context.shard.logger().level())]);
  json.member("audit_entries", services.audit.entries()).member("audit_breaks", services.audit.breaks());
  write_store(json, context.store);
  const std::uint64_t connections = write_listeners(json, services);
  json.member("connections_open", connections).end_object();
  co_return Answer(std::move(text));
}

Task<Answer> metrics(Call* call) {
  std::string text = metrics_text(call->services);
  text += co_await watch_text(&call->services);
  co_return Answer(std::move(text)).as_text();
}

}  // namespace

void add_status_verbs(http::Router& router, AdminServices& services) {
  add_verb(router, services, {http::Method::Get, "/status", "status", Effect::Reads, status});
  add_verb(router, services, {http::Method::Get, "/metrics", "metrics", Effect::Reads, metrics});
}

}  // namespace claviger::admin
