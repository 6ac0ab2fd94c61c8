#include "broker/seal_keys/capif.h"

#include <functional>

#include "broker/seal_keys/capif_link.h"
#include "broker/seal_keys/invoker_lookup.h"
#include "broker/seal_keys/policy_guard.h"
#include "broker/snapshot_publisher.h"
#include "broker/tables.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"

namespace claviger::seal_keys {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

// The record, with what the core function assigned to us if it is still the same one.
Task<Result<CapifCore>> write_core(Context* context, std::string tenant, std::shared_ptr<CapifDraft> draft,
                                   CapifCore core) {
  const std::string key = capif_core_key(tenant);
  storage::Transaction change;
  bool is_same = false;
  auto value = co_await context->store.get(tables::kInstallation, key);
  if (value) {
    CLAVIGER_CO_TRY(former, decode_capif_core(*value, tenant));
    is_same = former.url == core.url && former.issuer == core.issuer;
    if (is_same) {
      core.provider_id = former.provider_id;
      core.apf_id = former.apf_id;
      core.assigned_aef_id = former.assigned_aef_id;
      core.service_api_id = former.service_api_id;
      core.subscription = former.subscription;
    }
    change.expect_version(tables::kInstallation, key, former.version);
  } else if (value.failed_with(Code::NotFound)) {
    change.expect_absent(tables::kInstallation, key);
  } else {
    co_return value.error();
  }
  if (!is_same) change.erase(tables::kInstallation, policy_key(tenant));
  if (!draft->enrolment.empty()) {
    CLAVIGER_CO_TRY(sealed, context->sealer.seal(tables::kInstallation, key, draft->enrolment.reveal()));
    core.sealed_enrolment = std::move(sealed);
  }
  core.created_at = numeric_date(context->shard.wall());
  change.put(tables::kInstallation, key, as_bytes(encode_capif_core(core)));
  CLAVIGER_CO_TRY(committed, co_await context->store.commit(std::move(change)));
  core.version = committed.sequence;
  co_return core;
}

}  // namespace

Capif::Capif(Contexts& contexts) : contexts_(contexts), shards_(contexts.size()), turns_(contexts.front()->shard) {}
Capif::~Capif() { CLAVIGER_ASSERT(links_.empty()); }

CapifRef Capif::view(std::string_view tenant) const {
  const Table& table = *shards_[runtime::Shard::current().index()].table;
  const auto found = table.find(tenant);
  return found == table.end() ? nullptr : found->second;
}

Task<Result<Unit>> Capif::start() {
  auto turn = co_await turns_.take("capif");
  if (!turn) co_return turn.error();
  std::vector<std::string> tenants;
  for (const auto& [name, view] : home().snapshot->tenants) tenants.push_back(name);
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    auto view = co_await load(tenants[i]);
    if (view.failed_with(Code::NotFound)) continue;
    if (!view) co_return view.error();
    CLAVIGER_CO_TRY(adopted, co_await adopt(tenants[i], *std::move(view)));
  }
  co_await publish();
  co_return Unit{};
}

void Capif::stop() {
  is_stopped_ = true;
  links_.clear();
  lookups_.clear();
  guards_.clear();
}

Task<Result<CapifRef>> Capif::load(std::string tenant) {
  auto value = co_await home().store.get(tables::kInstallation, capif_core_key(tenant));
  if (!value) co_return value.error();
  CLAVIGER_CO_TRY(core, decode_capif_core(*value, tenant));
  auto work = [core = std::move(core)] { return view_of(core); };
  auto done = co_await runtime::offload(&home().work_pool, std::move(work));
  if (!done) co_return done.error();
  co_return *std::move(done);
}

// Known, and followed when it has an address.
Task<Result<Unit>> Capif::adopt(std::string tenant, CapifRef view) {
  links_.erase(tenant);
  lookups_.erase(tenant);
  known_.insert_or_assign(tenant, view);
  std::shared_ptr<PolicyGuard> guard;
  if (view->core.policy_mode == PolicyMode::Ignored || view->core.url.empty()) guards_.erase(tenant);
  if (view->core.url.empty() || is_stopped_) co_return Unit{};
  if (view->core.policy_mode != PolicyMode::Ignored) {
    guard = std::make_shared<PolicyGuard>(home(), turns_, tenant, view->core.policy_mode);
    co_await PolicyGuard::load(guard);  // the former one stands until this one knows what there is to know
    if (is_stopped_) co_return Unit{};
    guards_.insert_or_assign(tenant, guard);
  }
  auto work = [ca = view->core.ca_pem] {
    net::TlsClientOptions options;
    options.ca_pem = ca;
    return net::TlsContext::client(std::move(options));
  };
  auto made = co_await runtime::offload(&home().work_pool, std::move(work));
  if (!made) co_return made.error();
  if (!*made) {
    home().shard.logger().error("capif.tls", {{"tenant", tenant}, {"code", name_of(made->error().code)}});
    co_return Unit{};
  }
  if (is_stopped_) co_return Unit{};
  // The link's answers change the record; its keys stay.
  auto changed = [this, tenant](CapifCore core) {
    const auto found = known_.find(tenant);
    if (found == known_.end()) return;
    auto fresh = std::make_shared<CapifView>(*found->second);
    fresh->core = std::move(core);
    found->second = std::move(fresh);
    home().shard.scope().spawn(publish());
  };
  if (view->core.looks_up_invokers) {
    lookups_.insert_or_assign(tenant, std::make_shared<InvokerLookup>(home(), turns_, tenant, **made));
  }
  auto link =
      std::make_unique<CapifLink>(home(), tenant, view->core, **std::move(made), std::move(guard), std::move(changed));
  link->start();
  links_.insert_or_assign(tenant, std::move(link));
  co_return Unit{};
}

Task<void> Capif::publish() {
  std::function<void(Context&)> step = [this, table = std::make_shared<const Table>(known_)](Context& on) {
    shards_[on.shard.index()].table = table;
  };
  auto shared_step = std::make_shared<const std::function<void(Context&)>>(std::move(step));
  co_await broker::on_every_shard(&home(), std::move(shared_step));
}

Task<Result<CapifRef>> Capif::set_at_home(std::string tenant, std::shared_ptr<CapifDraft> draft) {
  auto turn = co_await turns_.take("capif");
  if (!turn) co_return turn.error();
  if (home().snapshot->tenants.find(tenant) == home().snapshot->tenants.end()) {
    co_return Error{Code::NotFound, "capif.tenant"};
  }
  auto check = [draft]() -> Result<CapifRef> {
    CLAVIGER_TRY(core, core_of(*draft));
    return view_of(std::move(core));
  };
  auto checked = co_await runtime::offload(&home().work_pool, std::move(check));
  if (!checked) co_return checked.error();
  if (!*checked) co_return checked->error();
  auto fresh = std::make_shared<CapifView>(***checked);
  // The core function's answers may change the record until its link is gone.
  links_.erase(tenant);
  auto written = co_await write_core(&home(), tenant, draft, fresh->core);
  if (!written) {
    const auto former = known_.find(tenant);
    if (former == known_.end()) co_return written.error();
    CapifRef as_before = former->second;
    CLAVIGER_CO_TRY(again, co_await adopt(tenant, std::move(as_before)));
    co_return written.error();
  }
  fresh->core = *std::move(written);
  CapifRef view = std::move(fresh);
  // First: whoever signed with a key that is gone must be refused from now on, whatever comes of the link.
  known_.insert_or_assign(tenant, view);
  co_await publish();
  CLAVIGER_CO_TRY(adopted, co_await adopt(tenant, view));
  co_return view;
}

Task<Result<Unit>> Capif::remove_at_home(std::string tenant) {
  auto turn = co_await turns_.take("capif");
  if (!turn) co_return turn.error();
  if (!known_.contains(tenant)) co_return Error{Code::NotFound, "capif"};
  storage::Transaction change;
  change.erase(tables::kInstallation, capif_core_key(tenant));
  change.erase(tables::kInstallation, policy_key(tenant));
  CLAVIGER_CO_TRY(committed, co_await home().store.commit(std::move(change)));
  lookups_.erase(tenant);
  links_.erase(tenant);  // what it still wanted to write expects the record that is gone
  guards_.erase(tenant);
  known_.erase(tenant);
  co_await publish();
  co_return Unit{};
}

Task<Result<Capif::Figures>> Capif::figures_at_home(std::string tenant) {
  Figures figures;
  figures.state = "not followed";
  if (const auto found = links_.find(tenant); found != links_.end()) {
    const CapifLink& link = *found->second;
    figures.state = link.state();
    figures.logs_sent = link.logs_sent();
    figures.logs_dropped = link.logs_dropped();
    figures.logs_queued = link.logs_queued();
    figures.last_error = link.last_error();
    figures.policy_error = link.policy_error();
  }
  if (const auto found = guards_.find(tenant); found != guards_.end()) {
    figures.policies = found->second->invokers();
    figures.policies_at = found->second->fetched_at();
  }
  co_return figures;
}

// Whose answer must be asked and cannot be (its connection was never made) is let in no more than the unknown.
Task<Result<Unit>> Capif::check_at_home(std::string tenant, std::string id) const {
  const auto found = lookups_.find(tenant);
  const auto known = known_.find(tenant);
  if (found == lookups_.end() || known == known_.end()) co_return Error{Code::DeadlinePassed, "capif.lookup"};
  std::shared_ptr<InvokerLookup> lookup = found->second;
  CapifRef view = known->second;
  auto checked = co_await InvokerLookup::check(std::move(lookup), std::move(view), std::move(id));
  co_return checked;
}

Task<Result<Unit>> Capif::check_invoker(std::string tenant, std::string id) const {
  const CapifRef here = view(tenant);
  if (here == nullptr || !here->core.looks_up_invokers) co_return Unit{};
  auto begin = [this, tenant = std::move(tenant), id = std::move(id)] { return check_at_home(tenant, id); };
  auto checked = co_await runtime::call_on(&home().shard, std::move(begin));
  co_return checked;
}

// Before its policy was read for the first time: as when there is none.
Task<Result<Admission>> Capif::admit_at_home(std::string tenant, std::string id) const {
  const auto found = guards_.find(tenant);
  if (found == guards_.end()) {
    const auto known = known_.find(tenant);
    const bool is_strict = known != known_.end() && known->second->core.policy_mode == PolicyMode::Strict;
    if (is_strict) co_return Error{Code::DeadlinePassed, "capif.policy"};
    co_return Admission::Admitted;
  }
  std::shared_ptr<PolicyGuard> guard = found->second;
  auto admitted = co_await PolicyGuard::admit(std::move(guard), std::move(id));
  co_return admitted;
}

Task<Result<Admission>> Capif::admit(std::string tenant, std::string id) const {
  const CapifRef here = view(tenant);
  if (here == nullptr || here->core.policy_mode == PolicyMode::Ignored) co_return Admission::Admitted;
  auto begin = [this, tenant = std::move(tenant), id = std::move(id)] { return admit_at_home(tenant, id); };
  auto admitted = co_await runtime::call_on(&home().shard, std::move(begin));
  co_return admitted;
}

void Capif::refresh_policy(const std::string& tenant) {
  auto refresh = [this, tenant] {
    if (const auto found = links_.find(tenant); found != links_.end()) found->second->refresh_policy();
  };
  runtime::Shard& shard = home().shard;
  if (&shard == &runtime::Shard::current()) return refresh();
  shard.mailbox().post_control(runtime::Message(std::move(refresh)));
}

void Capif::log_at_home(const std::string& tenant, Invocation invocation) {
  if (const auto found = links_.find(tenant); found != links_.end()) found->second->log(std::move(invocation));
}

void Capif::log(const std::string& tenant, Invocation invocation) {
  const CapifRef here = view(tenant);
  if (here == nullptr || !here->core.logs_invocations) return;
  runtime::Shard& shard = home().shard;
  if (&shard == &runtime::Shard::current()) return log_at_home(tenant, std::move(invocation));
  runtime::Message message(
      [this, tenant, invocation = std::move(invocation)]() mutable { log_at_home(tenant, std::move(invocation)); });
  // A full mailbox means a shard in trouble: the log is the first thing that it can do without.
  if (!shard.mailbox().post(std::move(message))) shard.logger().warning("capif.log_dropped", {{"tenant", tenant}});
}

Task<Result<CapifRef>> Capif::set_core(std::string tenant, CapifDraft draft) {
  auto shared = std::make_shared<CapifDraft>(std::move(draft));
  auto begin = [this, tenant = std::move(tenant), shared] { return set_at_home(tenant, shared); };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

Task<Result<Unit>> Capif::remove_core(std::string tenant) {
  auto begin = [this, tenant = std::move(tenant)] { return remove_at_home(tenant); };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

Task<Result<Capif::Figures>> Capif::figures(std::string tenant) {
  auto begin = [this, tenant = std::move(tenant)] { return figures_at_home(tenant); };
  co_return co_await runtime::call_on(&home().shard, std::move(begin));
}

}  // namespace claviger::seal_keys
