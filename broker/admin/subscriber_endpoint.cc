// Subscribers of the SIP database. Keys come in here, and are never answered.
#include "broker/admin/answer.h"
#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "broker/subscriber/subscriber_procedures.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

using runtime::Task;
using subscriber::Subscriber;
using subscriber::SubscriberDraft;
using Json = codec::JsonWriter<std::string>;

// One subscriber's line of an import: 16 identities, keys.
constexpr std::size_t kLineBytesMax = 64 * 1024;

Result<Unit> check_room(const Call& call) {
  if (call.services.subscribers == nullptr) return Error{Code::NotFound, "subscriber"};
  return check_tenant(call);
}

void write_list(Json& json, std::string_view name, const std::vector<std::string>& values) {
  json.name(name).begin_array();
  for (const std::string& value : values) json.value(value);
  json.end_array();
}

// Leaves the object open.
void write_subscriber(Json& json, const Subscriber& subscriber) {
  std::string amf;
  codec::hex_encode(subscriber.amf, amf);
  json.begin_object().member("impi", subscriber.private_identity);
  write_list(json, "impus", subscriber.public_identities);
  json.member("algorithm", subscriber.algorithm == aka::Algorithm::Milenage ? "milenage" : "tuak");
  json.member("response_bytes", static_cast<std::uint32_t>(subscriber.response_bytes)).member("amf", amf);
  json.member("ind_bits", static_cast<std::uint32_t>(subscriber.ind_bits)).member("enabled", subscriber.is_enabled);
  json.member("serves_unregistered", subscriber.serves_unregistered);
  write_list(json, "visited_networks", subscriber.visited_networks);
  json.member("created_at", subscriber.created_at).member("changed_at", subscriber.changed_at);
}

Answer answer_with(const Subscriber& subscriber) {
  std::string text;
  Json json(text);
  write_subscriber(json, subscriber);
  json.end_object();
  return Answer(std::move(text));
}

std::string_view name_of(subscriber::Registration registration) {
  switch (registration) {
    case subscriber::Registration::Registered:
      return "registered";
    case subscriber::Registration::Unregistered:
      return "unregistered";
    case subscriber::Registration::NotRegistered:
      break;
  }
  return "not registered";
}

struct DraftRead {
  SubscriberDraft draft;
  std::optional<std::string> wrong;
};
DraftRead read_draft(codec::JsonObject object, bool needs_impi) {
  DraftRead read;
  SubscriberDraft& draft = read.draft;
  ObjectReader members(object);
  std::vector<std::string> impus;
  std::vector<std::string> networks;
  bool is_enabled = true;
  bool serves_unregistered = false;
  if (needs_impi) members.read("impi", draft.private_identity).require("impi");
  members.read("impus", impus).read("algorithm", draft.algorithm).read("amf", draft.amf).read("sqn", draft.sequence);
  // Two names each, as the two algorithms call them.
  members.read("k", draft.key).read("opc", draft.operator_code).read("topc", draft.operator_code);
  members.read("op", draft.operator_variant).read("top", draft.operator_variant);
  members.read("ind_bits", draft.ind_bits).read("response_bytes", draft.response_bytes);
  members.read("iterations", draft.iterations).read("enabled", is_enabled);
  members.read("serves_unregistered", serves_unregistered).read("visited_networks", networks);
  read.wrong = members.wrong();
  if (object.contains("impus")) draft.public_identities = std::move(impus);
  if (object.contains("enabled")) draft.is_enabled = is_enabled;
  if (object.contains("serves_unregistered")) draft.serves_unregistered = serves_unregistered;
  if (object.contains("visited_networks")) draft.visited_networks = std::move(networks);
  if (!read.wrong && object.contains("opc") && object.contains("topc")) read.wrong = "opc and topc: one of them";
  if (!read.wrong && object.contains("op") && object.contains("top")) read.wrong = "op and top: one of them";
  return read;
}

Task<Answer> add(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftRead read = read_draft(object, true);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->target += "/" + read.draft.private_identity;
  auto made = co_await subscriber::add_subscriber(call->services.subscribers, call->values[0], std::move(read.draft));
  if (!made) co_return made.error();
  co_return answer_with(*made);
}

Task<Answer> change_to(Call* call, SubscriberDraft draft) {
  draft.private_identity = call->values[1];
  auto changed = co_await subscriber::change_subscriber(call->services.subscribers, call->values[0], std::move(draft));
  if (!changed) co_return changed.error();
  co_return answer_with(*changed);
}

Task<Answer> change(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  DraftRead read = read_draft(object, false);
  reader.wipe();
  if (read.wrong) co_return Answer(Code::BadValue, *read.wrong);
  call->detail = read.draft.has_key() ? "with a new key" : "";
  auto answer = co_await change_to(call, std::move(read.draft));
  co_return answer;
}

Task<Answer> set_enabled(Call* call, bool is_enabled) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  SubscriberDraft draft;
  draft.is_enabled = is_enabled;
  auto answer = co_await change_to(call, std::move(draft));
  co_return answer;
}
Task<Answer> enable(Call* call) { return set_enabled(call, true); }
Task<Answer> disable(Call* call) { return set_enabled(call, false); }

Task<Answer> remove(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto removed = co_await subscriber::remove_subscriber(call->services.subscribers, call->values[0], call->values[1]);
  if (!removed) co_return removed.error();
  co_return Answer("{}");
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  auto view = co_await subscriber::find_subscriber(call->services.subscribers, call->values[0], call->values[1]);
  if (!view) co_return view.error();
  std::string text;
  Json json(text);
  write_subscriber(json, *view);
  json.member("registration", name_of(view->server.registration));
  if (!view->server.is_empty()) {
    json.member("server_name", view->server.server_name).member("authentication_pending", view->server.is_pending);
    json.member("server_host", view->server.host).member("server_changed_at", view->server.changed_at);
  }
  json.member("resynchronisations", view->sequence.resynchronisations);
  if (view->sequence.resynchronised_at != 0) json.member("resynchronised_at", view->sequence.resynchronised_at);
  json.end_object();
  co_return Answer(std::move(text));
}

Task<Answer> list(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  auto page = co_await subscriber::list_subscribers(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  Json json(text);
  json.begin_object().name("items").begin_array();
  for (const Subscriber& each : page->subscribers) {
    write_subscriber(json, each);
    json.end_object();
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

struct BadLine {
  std::size_t index;
  std::string code;
  std::string reason;
};
struct Batch {
  std::vector<SubscriberDraft> drafts;
  std::vector<std::size_t> indexes;  // of the drafts in the batch
  std::vector<BadLine> bad;
  bool is_too_long = false;
};

std::string reason_of(const Error& error) {
  std::string text(meaning_of(error.code).title);
  if (!error.where.empty()) text.append(" [").append(error.where).append("]");
  return text;
}

void read_line(codec::JsonReader& reader, std::size_t index, std::string_view line, Batch& batch) {
  const auto value = reader.parse(line);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) {
    batch.bad.push_back({index, std::string(claviger::name_of(object.error().code)), reason_of(object.error())});
    return;
  }
  DraftRead read = read_draft(*object, true);
  if (read.wrong) {
    batch.bad.push_back({index, std::string(claviger::name_of(Code::BadValue)), *read.wrong});
    return;
  }
  batch.drafts.push_back(std::move(read.draft));
  batch.indexes.push_back(index);
}

// On a pool thread: a thousand lines take some milliseconds.
Batch parse_batch(std::string_view text) {
  codec::JsonLimits limits;
  limits.bytes_max = kLineBytesMax;
  limits.depth_max = 2;
  codec::JsonReader reader(limits);
  Batch batch;
  for (std::size_t index = 0; !text.empty(); ++index) {
    if (index == subscriber::kSubscriberImportMax) {
      batch.is_too_long = true;
      break;
    }
    const std::size_t end = text.find('\n');
    read_line(reader, index, text.substr(0, end), batch);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  reader.wipe();
  return batch;
}

Answer report_of(Call& call, const subscriber::SubscriberImportReport& report, std::vector<BadLine> bad,
                 const std::vector<std::size_t>& indexes) {
  for (const auto& refusal : report.refused) {
    bad.push_back(
        {indexes[refusal.index], std::string(claviger::name_of(refusal.error.code)), reason_of(refusal.error)});
  }
  std::string text;
  Json json(text);
  json.begin_object().member("created", report.created).member("updated", report.updated);
  json.member("unchanged", report.unchanged).name("bad").begin_array();
  for (const BadLine& line : bad) {
    json.begin_object().member("index", line.index).member("code", line.code);
    json.member("reason", line.reason).end_object();
  }
  json.end_array().end_object();
  call.detail = "created=" + std::to_string(report.created) + " updated=" + std::to_string(report.updated) +
                " unchanged=" + std::to_string(report.unchanged) + " refused=" + std::to_string(bad.size());
  return Answer(std::move(text));
}

Task<Answer> import_batch(Call* call) {
  CLAVIGER_CO_TRY(known, check_room(*call));
  if (call->request.field(http::Field::ContentType) != "application/x-ndjson") {
    co_return Answer(Code::MediaType, "application/x-ndjson is expected");
  }
  // copy: the pool thread may outlive the request.
  auto work = [text = SecretBytes(call->request.body.bytes())] { return parse_batch(as_text(text.reveal())); };
  auto parsed = co_await runtime::offload(&call->context.work_pool, std::move(work));
  if (!parsed) co_return parsed.error();
  Batch batch = *std::move(parsed);
  if (batch.is_too_long) {
    co_return Answer(Code::TooMany,
                     "more than " + std::to_string(subscriber::kSubscriberImportMax) + " lines in one batch");
  }
  subscriber::SubscriberImportReport report;
  if (!batch.drafts.empty()) {
    auto done =
        co_await subscriber::import_subscribers(call->services.subscribers, call->values[0], std::move(batch.drafts));
    if (!done) co_return done.error();
    report = *std::move(done);
  }
  co_return report_of(*call, report, std::move(batch.bad), batch.indexes);
}

}  // namespace

void add_subscriber_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  constexpr std::string_view kOne = "/tenants/{tenant}/subscribers/{impi}";
  add_verbs(
      router, services,
      {{Method::Get, "/tenants/{tenant}/subscribers", "subscriber.list", Effect::Reads, list},
       {Method::Post, "/tenants/{tenant}/subscribers", "subscriber.add", Effect::Changes, add},
       {Method::Get, kOne, "subscriber.show", Effect::Reads, show},
       {Method::Patch, kOne, "subscriber.change", Effect::Changes, change},
       {Method::Delete, kOne, "subscriber.remove", Effect::Changes, remove},
       {Method::Post, "/tenants/{tenant}/subscribers/{impi}/enable", "subscriber.enable", Effect::Changes, enable},
       {Method::Post, "/tenants/{tenant}/subscribers/{impi}/disable", "subscriber.disable", Effect::Changes, disable},
       {Method::Post, "/tenants/{tenant}/subscriber-import", "subscriber.import", Effect::Changes, import_batch,
        kImportBytesMax}});
}

}  // namespace claviger::admin
