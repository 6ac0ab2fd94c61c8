#include "broker/configuration/document_notifier.h"

#include <algorithm>

#include "broker/configuration/document_procedures.h"
#include "broker/configuration/generated_documents.h"
#include "broker/configuration/subscription_request.h"
#include "broker/configuration/xcap_endpoint.h"
#include "broker/record_key.h"
#include "broker/registration/addressee.h"
#include "broker/registration/answers.h"
#include "broker/registration/notification.h"
#include "broker/registration/peer_wait.h"
#include "broker/tables.h"
#include "broker/tokens/token_revocation.h"
#include "broker/tokens/token_shard.h"
#include "core/runtime/call.h"
#include "core/sip/uri.h"
#include "storage/outbox_row.h"
#include "storage/page.h"

namespace claviger::configuration {

namespace tables = broker::tables;
using broker::Context;
using runtime::Task;

namespace {

constexpr std::string_view kTell = "xcap.y.";
constexpr std::string_view kTimer = "xcap.s.";
constexpr std::string_view kRejected = "rejected";
// How often a change is tried again when somebody else was first.
constexpr int kConflictTries = 4;
// Subscriptions that are compared in one go.
constexpr std::size_t kPage = 512;
constexpr Seconds kPauseFirst{1}, kPauseLast{60};

void put_row(storage::Transaction& change, std::string_view kind, std::string_view id, std::string_view tag,
             std::int64_t due) {
  storage::put_outbox_row(change, tables::kOutbox, due, std::string(kind) + std::string(id), as_bytes(tag));
}

// What is told is read when it is: rows of one second are one. Over one that is under way it stands, and is done after it.
void put_tell(storage::Transaction& change, std::string_view tag, std::int64_t due) {
  put_row(change, kTell, tag, tag, due);
}

// A record that will read no better the next time: those behind it do not wait for it.
bool is_unreadable(const Error& error) { return error.code == Code::Corrupt || error.code == Code::SchemaTooNew; }
void name_skipped(Context& context, std::string_view tag, const Error& error) {
  context.shard.logger().error("xcap_diff.skipped",
                               {{"dialog", tag}, {"code", name_of(error.code)}, {"where", error.where}});
}

// As the client wrote it (RFC 5875 clause 4.6): the selector itself, or the file's name behind its folder's.
std::string written_as(const DocumentSubscription& subscription, const std::string& path) {
  for (const std::string& selector : subscription.watched) {
    const auto watched = read_watched(selector);
    if (!watched) continue;
    const std::string own = path_of(*watched);
    if (own == path) return selector;
    if (watched->is_folder && path.starts_with(own)) return selector + path.substr(own.size());
  }
  return path;
}

}  // namespace

DocumentNotifier::DocumentNotifier(Configuration& room, registration::Registrar& registrar)
    : room_(room),
      registrar_(registrar),
      under_way_(registrar.here().shard.shards().size()),
      fan_out_(
          registrar, [this](std::string tag) { return tell(std::move(tag)); }, put_tell) {
  registrar_.use_package(std::string(kEvent), *this);
  room_.use_listener([this](Context& context, const std::vector<std::string>& keys) { changed(context, keys); });
}
DocumentNotifier::~DocumentNotifier() { room_.use_listener({}); }

void DocumentNotifier::start() {
  is_started_ = true;
  scope_.spawn(compare_all());
  fan_out_.start();
}

void DocumentNotifier::stop() {
  scope_.cancel();
  fan_out_.stop();
}

// ---- SUBSCRIBE

// The server's public service identity, or for a server's service configuration anybody at its host.
bool DocumentNotifier::is_ours(const sip::Message& message) const {
  const settings::Sip& settings = registrar_.sip();
  const std::string& psi = settings.configuration_psi.empty() ? settings.psi : settings.configuration_psi;
  if (registration::is_addressed_to(settings, psi, message.request_uri())) return true;
  const auto own = sip::canonical_identity(psi);
  const auto asked = sip::canonical_identity(message.request_uri());
  if (!own || !asked) return false;
  const auto uri = sip::parse_uri(message.request_uri());
  const auto own_uri = sip::parse_uri(*own);
  const auto asked_uri = sip::parse_uri(*asked);
  return uri && own_uri && asked_uri && own_uri->host == asked_uri->host &&
         sip::find_parameter(uri->parameters, "auid").is_present;
}

Task<sip::Response> DocumentNotifier::subscribe(const sip::Received* request, std::string identity) {
  const sip::Message& message = request->message;
  const std::uint32_t expires = message.expires().value_or(registration::kIntervalDefault);
  auto dialog = sip::read_dialog(message);
  if (!dialog) co_return registration::refusal(registrar_, dialog.error());
  if (expires != 0 && expires < registration::kIntervalMin) {
    co_return registration::refusal(registrar_, Error{Code::IntervalTooBrief, "xcap_diff.expires"});
  }
  if (!sip::accepts(message, kDiffType)) {
    co_return registration::refusal(registrar_, Error{Code::AcceptExcludes, "xcap_diff.accept"});
  }
  Result<Granted> granted = Error{Code::Internal, "xcap_diff"};
  if (!dialog->local_tag.empty()) {
    DocumentSubscription said;
    said.dialog = *std::move(dialog);
    said.subscriber = std::move(identity);
    const auto shared = std::make_shared<const DocumentSubscription>(std::move(said));
    auto begin = [this, shared, expires] { return refresh(shared, expires); };
    granted = co_await runtime::call_on(&registrar_.home_of_dialog(shared->dialog.local_tag), std::move(begin));
  } else {
    if (!is_ours(message)) co_return sip::Response(404);
    auto access = co_await registration::access_without_upload(&registrar_, request, identity);
    if (!access) co_return registration::refusal(registrar_, access.error());
    auto wanted = read_wanted(registrar_, message, std::move(identity), *access);
    if (wanted.failed_with(Code::ContentUnsupported) && wanted.error().where != sip::kTransferEncoding) {
      std::string types = "multipart/mixed, " + std::string(kResourceListsType);
      for (const auto& service : registrar_.services().all()) types += ", " + service.info_media_type;
      co_return sip::Response(415).with("Accept", std::move(types));
    }
    if (!wanted) co_return registration::refusal(registrar_, wanted.error());
    wanted->dialog = *std::move(dialog);
    const auto shared = std::make_shared<const DocumentSubscription>(*std::move(wanted));
    granted = co_await create(shared, expires);
  }
  if (!granted) co_return registration::refusal(registrar_, granted.error());
  const registration::SubscribeOutcome outcome{granted->local_tag, granted->seconds,
                                               std::move(granted->until_answered)};
  co_return registration::subscribed(registrar_, outcome, request->peer.transport == sip::Transport::Tls);
}

Task<Result<DocumentSubscription>> DocumentNotifier::read(std::string local_tag) {
  // Tags come from peers: one with a NUL is nobody's.
  if (local_tag.find('\0') != std::string::npos) co_return Error{Code::SubscriptionUnknown, "xcap_diff"};
  auto value = co_await here().store.get(tables::kDocumentSubscriptions, subscription_key(tenant(), local_tag));
  if (value.failed_with(Code::NotFound)) co_return Error{Code::SubscriptionUnknown, "xcap_diff"};
  if (!value) co_return value.error();
  co_return decode_document_subscription(*value, local_tag);
}

Task<Result<DocumentNotifier::Granted>> DocumentNotifier::put_and_tell(DocumentSubscription subscription,
                                                                       std::uint32_t expires) {
  const std::int64_t now = registrar_.now();
  const Granted granted{subscription.dialog.local_tag,
                        std::min(std::int64_t{expires}, std::int64_t{registrar_.sip().subscription_max.count()}),
                        registrar_.answer_first(subscription.dialog.local_tag).hold(subscription.dialog.local_tag)};
  const std::string& tag = granted.local_tag;
  storage::Transaction change;
  const bool is_row_due = sip::extend(subscription.life, now, granted.seconds, subscription.dialog.local_sequence);
  if (is_row_due) put_row(change, kTimer, tag, tag, subscription.life.timer_due);
  put(change, tenant(), subscription);
  put_tell(change, tag, now);
  CLAVIGER_CO_TRY(committed, co_await here().store.commit(std::move(change)));
  registrar_.wake();
  co_return granted;
}

Task<Result<DocumentNotifier::Granted>> DocumentNotifier::create(std::shared_ptr<const DocumentSubscription> wanted,
                                                                 std::uint32_t expires) {
  const std::string prefix = subscriptions_prefix(tenant(), "i", wanted->identity);
  CLAVIGER_CO_TRY(others, co_await here().store.range(tables::kDocumentSubscriptions, prefix,
                                                      broker::record_prefix_end(prefix), kSubscriptionsPerIdentityMax));
  if (others.size() == kSubscriptionsPerIdentityMax) co_return Error{Code::TooMany, "xcap_diff.identity"};
  DocumentSubscription subscription = *wanted;
  CLAVIGER_CO_TRY(tag, here().tokens->random_id());
  subscription.dialog.local_tag.assign(tag.begin(), tag.end());
  subscription.dialog.local_sequence = 0;
  subscription.created_at = registrar_.now();
  const std::string local_tag = subscription.dialog.local_tag;
  CLAVIGER_CO_TRY(granted, co_await put_and_tell(std::move(subscription), expires));
  // Revoked after it was verified and before this could be found by its index.
  tokens::TokenNames names{wanted->jti, wanted->sid, wanted->sub, wanted->token_issued_at};
  CLAVIGER_CO_TRY(is_late, co_await tokens::is_revoked(&here(), tenant(), std::move(names)));
  if (is_late) {
    CLAVIGER_CO_TRY(ended, co_await end(local_tag, tokens::Revocation()));  // of this very token
    co_return Error{Code::ServiceNotAuthorised, "xcap_diff.revoked"};
  }
  co_return granted;
}

Task<Result<DocumentNotifier::Granted>> DocumentNotifier::refresh(std::shared_ptr<const DocumentSubscription> said,
                                                                  std::uint32_t expires) {
  const std::string tag = said->dialog.local_tag;
  for (int tries = 0; tries < kConflictTries; ++tries) {
    auto known = co_await read(tag);
    if (known.failed_with(Code::SubscriptionUnknown)) co_return Error{Code::DialogUnknown, "xcap_diff.dialog"};
    if (!known) co_return known.error();
    const bool is_same = sip::is_same_dialog(known->dialog, said->dialog) && known->subscriber == said->subscriber &&
                         known->life.ending.empty();
    if (!is_same) co_return Error{Code::DialogUnknown, "xcap_diff.dialog"};
    if (said->dialog.remote_sequence <= known->dialog.remote_sequence) {
      co_return Error{Code::RequestSequence, "xcap_diff.sequence"};
    }
    known->dialog.remote_sequence = said->dialog.remote_sequence;
    if (!said->dialog.remote_target.empty()) known->dialog.remote_target = said->dialog.remote_target;
    auto granted = co_await put_and_tell(*std::move(known), expires);
    if (!granted.failed_with(Code::Conflict)) co_return granted;
  }
  co_return Error{Code::Overload, "xcap_diff.conflict"};
}

// ---- ends

Task<Result<Unit>> DocumentNotifier::end(std::string local_tag, tokens::Revocation revocation) {
  for (int tries = 0; tries < kConflictTries; ++tries) {
    auto known = co_await read(local_tag);
    if (known.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
    if (!known) co_return known.error();
    if (!known->life.ending.empty() || !tokens::is_of(revocation, known->token_issued_at)) co_return Unit{};
    known->life.ending = kRejected;
    storage::Transaction change;
    put(change, tenant(), *known);
    put_tell(change, local_tag, registrar_.now());
    auto committed = co_await here().store.commit(std::move(change));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    registrar_.wake();
    co_return Unit{};
  }
  co_return Error{Code::Overload, "xcap_diff.conflict"};
}

Task<Result<Unit>> DocumentNotifier::revoked(tokens::Revocation revocation) {
  const std::string_view kind = tokens::index_of(revocation.kind);
  if (kind.empty()) co_return Unit{};
  const std::string prefix = subscriptions_prefix(tenant(), kind, revocation.id);
  CLAVIGER_CO_TRY(rows, co_await here().store.range(tables::kDocumentSubscriptions, prefix,
                                                    broker::record_prefix_end(prefix), storage::kRangeMax));
  std::vector<std::string> tags;
  for (const storage::Record& row : rows) tags.emplace_back(tag_of_row(row.key));
  for (std::size_t i = 0; i < tags.size(); ++i) {
    CLAVIGER_CO_TRY(ended, co_await end(tags[i], revocation));
    here().shard.logger().info("xcap_diff.revoked", {{"tenant", tenant()}, {"dialog", tags[i]}});
  }
  co_return Unit{};
}

Task<Result<Unit>> DocumentNotifier::look_at(std::string local_tag, std::int64_t due) {
  auto known = co_await read(local_tag);
  if (known.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
  if (!known) co_return known.error();
  const sip::Look look = sip::look_at(known->life, registrar_.now(), due);
  if (look == sip::Look::Nothing) co_return Unit{};
  storage::Transaction change;
  if (look == sip::Look::Over) {
    put_tell(change, local_tag, registrar_.now());
  } else {
    put_row(change, kTimer, local_tag, local_tag, known->life.timer_due);
  }
  put(change, tenant(), *known);
  CLAVIGER_CO_TRY(committed, co_await here().store.commit(std::move(change)));
  registrar_.wake();
  co_return Unit{};
}

Task<Result<Unit>> DocumentNotifier::forget(std::string local_tag) {
  for (int tries = 0; tries < kConflictTries; ++tries) {
    auto known = co_await read(local_tag);
    if (known.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
    if (!known) co_return known.error();
    storage::Transaction change;
    erase(change, tenant(), *known);
    auto erased = co_await here().store.commit(std::move(change));
    if (erased.failed_with(Code::Conflict)) continue;
    if (!erased) co_return erased.error();
    co_return Unit{};
  }
  co_return Error{Code::Overload, "xcap_diff.conflict"};
}

// ---- NOTIFY

Task<Result<DocumentNotifier::PresentState>> DocumentNotifier::present_state(
    std::shared_ptr<const DocumentSubscription> subscription) {
  PresentState state;
  for (std::size_t i = 0; i < subscription->watched.size(); ++i) {
    const std::string selector = subscription->watched[i];
    CLAVIGER_CO_TRY(watched, read_watched(selector));
    if (watched.is_folder) {
      CLAVIGER_CO_TRY(all, co_await read_user_documents(&here(), tenant(), watched.name.auid, watched.name.xui));
      const std::string folder = path_of(watched);
      for (const NamedDocument& each : all) {
        const std::string path = selector_of(each.name);
        state.emplace(path, Present{selector + path.substr(folder.size()), each.document.etag});
      }
      continue;
    }
    const auto value = co_await here().store.get(tables::kDocuments, document_key(tenant(), watched.name));
    if (value.failed_with(Code::NotFound)) continue;
    if (!value) co_return value.error();
    CLAVIGER_CO_TRY(stored, read_stored_text(value->bytes()));
    state.emplace(path_of(watched), Present{selector, std::string(stored.etag)});
  }
  co_return state;
}

Task<Result<Unit>> DocumentNotifier::tell(std::string local_tag) {
  auto& under_way = under_way_[here().shard.index()];
  if (!under_way.insert(local_tag).second) co_return Error{Code::DeadlinePassed, "xcap_diff.under_way"};
  co_await registrar_.answer_first(local_tag).wait(local_tag);
  auto sent = co_await send(local_tag);
  under_way_[here().shard.index()].erase(local_tag);
  co_return sent;
}

// What is owed since the last SUBSCRIBE, or what is different from what was heard of. Nothing, when it was heard meanwhile,
// however late: so a row that comes back after a slow answer is done.
std::vector<DocumentDiff> DocumentNotifier::diffs_of(const DocumentSubscription& subscription,
                                                     const PresentState& present) {
  std::vector<DocumentDiff> diffs;
  // Whose access was taken away hears that, and nothing of the documents.
  if (subscription.life.ending == kRejected) return diffs;
  const bool is_all = subscription.life.all_from != 0;
  for (const auto& [path, each] : present) {
    const auto told = subscription.told.find(path);
    const std::string before = is_all || told == subscription.told.end() ? std::string() : told->second;
    if (before != each.etag) diffs.push_back({each.selector, before, each.etag});
  }
  for (const auto& [path, etag] : subscription.told) {
    if (!present.contains(path)) diffs.push_back({written_as(subscription, path), etag, {}});
  }
  return diffs;
}

Task<Result<Unit>> DocumentNotifier::send(std::string local_tag) {
  auto found = co_await read(local_tag);
  if (found.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
  if (!found) co_return found.error();
  DocumentSubscription subscription = *std::move(found);
  const std::int64_t now = registrar_.now();
  sip::end_if_over(subscription.life, now);
  const auto shared = std::make_shared<const DocumentSubscription>(subscription);
  CLAVIGER_CO_TRY(state, co_await present_state(shared));
  const auto present = std::make_shared<const PresentState>(std::move(state));
  const std::vector<DocumentDiff> diffs = diffs_of(subscription, *present);
  if (diffs.empty() && subscription.life.all_from == 0 && subscription.life.ending.empty()) co_return Unit{};
  // The number is on disk before it is used: after kill -9 the next one is higher, or the UE would refuse it.
  const std::uint32_t number = ++subscription.dialog.local_sequence;
  storage::Transaction change;
  put(change, tenant(), subscription);
  CLAVIGER_CO_TRY(committed, co_await here().store.commit(std::move(change)));
  const settings::Sip& sip = registrar_.sip();
  sip::Notification notification =
      registration::notification_of(registrar_, subscription.dialog, subscription.life, now, kEvent,
                                    sip.configuration_psi.empty() ? sip.psi : sip.configuration_psi);
  notification.content_type = kDiffType;
  notification.body = write_diff(xcap_root(here(), tenant()), diffs);
  sip::OutgoingRequest notify = sip::write_notify(subscription.dialog, std::move(notification));
  auto answer = co_await registrar_.endpoint().send(std::move(notify));
  const sip::NotifyOutcome outcome = sip::outcome_of(answer);
  registration::ServiceFigures& figures = registrar_.figures_of({});
  (outcome == sip::NotifyOutcome::Heard ? figures.notified : figures.notify_failed).add();
  if (outcome == sip::NotifyOutcome::Again) co_return Error{Code::Refused, "xcap_diff.answer"};
  if (outcome == sip::NotifyOutcome::Gone || !subscription.life.ending.empty()) {
    auto forgotten = co_await forget(local_tag);
    co_return forgotten;
  }
  auto kept = co_await keep_told(local_tag, present, number);
  co_return kept;
}

// Heard: from here on this is what he knows. A SUBSCRIBE may have come meanwhile, which is owed a NOTIFY of its own.
Task<Result<Unit>> DocumentNotifier::keep_told(std::string local_tag, std::shared_ptr<const PresentState> present,
                                               std::uint32_t number) {
  for (int tries = 0; tries < kConflictTries; ++tries) {
    auto known = co_await read(local_tag);
    if (known.failed_with(Code::SubscriptionUnknown)) co_return Unit{};
    if (!known) co_return known.error();
    known->told.clear();
    for (const auto& [path, each] : *present) known->told.emplace(path, each.etag);
    if (number >= known->life.all_from) known->life.all_from = 0;
    storage::Transaction change;
    put(change, tenant(), *known);
    auto committed = co_await here().store.commit(std::move(change));
    if (committed.failed_with(Code::Conflict)) continue;
    if (!committed) co_return committed.error();
    co_return Unit{};
  }
  co_return Error{Code::Overload, "xcap_diff.conflict"};
}

// ---- what is different

void DocumentNotifier::changed(Context& context, const std::vector<std::string>& keys) {
  std::vector<std::string> paths;
  const std::string own = broker::record_prefix({tenant()});
  for (const std::string& key : keys) {
    if (!key.starts_with(own)) continue;
    const auto name = document_name_of(key);
    if (!name || name->auid == kTemplateAuid) continue;
    paths.push_back(selector_of(*name));
    if (name->tree == Tree::Users) paths.push_back(path_of(WatchedPath{*name, true}));
  }
  if (!paths.empty()) context.shard.scope().spawn(tell_watchers(&context, std::move(paths)));
}

Task<void> DocumentNotifier::tell_watchers(Context* context, std::vector<std::string> paths) {
  Seconds pause = kPauseFirst;
  for (std::size_t i = 0; i < paths.size();) {
    const auto noted = co_await fan_out_.begin(context, paths[i]);
    if (noted) {
      ++i;
      continue;
    }
    context->shard.logger().warning("xcap_diff.tell", {{"code", name_of(noted.error().code)}});
    co_await context->shard.wait_until(context->shard.now() + pause);
    pause = std::min(pause * 2, kPauseLast);
  }
}

// Once after a start: a change that was committed may have died before anybody was told of it.
Task<void> DocumentNotifier::compare_all() {
  Context* context = &here();
  std::string from = broker::record_prefix({tenant(), "d"});
  Seconds pause = kPauseFirst;
  while (!from.empty()) {
    std::string* place = &from;
    const auto compared = co_await compare_page(place);
    if (compared) continue;
    context->shard.logger().warning("xcap_diff.compare", {{"code", name_of(compared.error().code)}});
    co_await context->shard.wait_until(context->shard.now() + pause);
    pause = std::min(pause * 2, kPauseLast);
  }
}

Task<Result<Unit>> DocumentNotifier::compare_page(std::string* from) {
  const std::string end = broker::record_prefix_end(broker::record_prefix({tenant(), "d"}));
  CLAVIGER_CO_TRY(rows, co_await here().store.range(tables::kDocumentSubscriptions, *from, end, kPage));
  std::vector<std::shared_ptr<const DocumentSubscription>> all;
  for (const storage::Record& row : rows) {
    auto subscription = decode_document_subscription(row.value, tag_of_row(row.key));
    if (subscription) {
      all.push_back(std::make_shared<const DocumentSubscription>(*std::move(subscription)));
    } else {
      name_skipped(here(), tag_of_row(row.key), subscription.error());
    }
  }
  const std::string next = storage::is_full_page(rows, kPage) ? rows.back().key + '\0' : std::string();
  storage::Transaction change;
  for (std::size_t i = 0; i < all.size(); ++i) {
    auto state = co_await present_state(all[i]);
    if (!state && is_unreadable(state.error())) {
      name_skipped(here(), all[i]->dialog.local_tag, state.error());
      continue;
    }
    if (!state) co_return state.error();
    const bool is_same = all[i]->life.all_from == 0 && state->size() == all[i]->told.size() &&
                         std::ranges::all_of(*state, [&told = all[i]->told](const auto& each) {
                           const auto found = told.find(each.first);
                           return found != told.end() && found->second == each.second.etag;
                         });
    if (is_same) continue;
    put_tell(change, all[i]->dialog.local_tag, registrar_.now());
  }
  CLAVIGER_CO_TRY(committed, co_await here().store.commit(std::move(change)));
  registrar_.wake();
  *from = next;
  co_return Unit{};
}

// ---- rows of the outbox

Task<Result<Unit>> DocumentNotifier::handle(storage::OutboxRow row) {
  if (!is_started_) co_return Error{Code::Closed, "xcap_diff.start"};
  const std::string tag = row.payload;
  if (row.id.starts_with(kTimer)) {
    auto looked = co_await look_at(tag, row.due_first);
    co_return looked;
  }
  if (!row.id.starts_with(kTell)) co_return Error{Code::NotPermitted, "xcap_diff.row"};
  auto begin = [this, tag] { return tell(tag); };
  auto told = co_await registration::wait_for_peer(&registrar_.home_of_dialog(tag), std::move(begin));
  co_return told;
}

void DocumentNotifier::gave_up(const storage::OutboxRow& row, const Error& error) {
  here().shard.logger().warning("xcap_diff.given_up", {{"row", row.id}, {"code", name_of(error.code)}});
  if (!row.id.starts_with(kTell)) return;
  // He could not be reached for hours, and subscribes again. One who is slow alone has failed by Timer F or lives, unless his
  // subscription is over anyway.
  auto forget_him = [](DocumentNotifier* of, std::string tag, bool spares_living) -> Task<void> {
    if (spares_living) {
      const auto known = co_await of->read(tag);
      if (known && known->life.ending.empty() && known->life.expires_at > of->registrar_.now()) co_return;
    }
    const auto forgotten = co_await of->forget(std::move(tag));
    if (!forgotten) of->here().shard.logger().warning("xcap_diff.forget", {{"code", name_of(forgotten.error().code)}});
  };
  here().shard.scope().spawn(forget_him(this, row.payload, error.code == Code::DeadlinePassed));
}

}  // namespace claviger::configuration
