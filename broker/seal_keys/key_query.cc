#include "broker/seal_keys/key_query.h"

#include "broker/identity/val_identity.h"
#include "core/codec/form.h"

namespace claviger::seal_keys {
namespace {

constexpr std::string_view kService = "val-service-id";
constexpr std::string_view kTarget = "val-tgt-ue";
constexpr std::string_view kTargetUser = "val-tgt-ue[valUserId]";
constexpr std::string_view kTargetUe = "val-tgt-ue[valUeId]";
constexpr std::string_view kUser = "valUserId";
constexpr std::string_view kUe = "valUeId";
constexpr std::string_view kBadId = "must be 1 to 255 characters without blanks";
constexpr std::string_view kOneOf = "must have one of valUserId and valUeId";

using Fault = std::optional<QueryFault>;

// What was said of the target so far.
struct Said {
  std::optional<Target> target;

  Fault say(TargetKind kind, std::string_view id) {
    if (!identity::is_val_identity(id)) return QueryFault{kind == TargetKind::User ? kUser : kUe, kBadId};
    Target said{kind, std::string(id)};
    if (target && target->kind != kind) return QueryFault{kTarget, kOneOf};
    if (target && *target != said) return QueryFault{kTarget, "is given twice with different values"};
    target = std::move(said);
    return std::nullopt;
  }
};

// valUserId,alice: the id may have commas of its own, but not name the other member as well.
Fault read_list(std::string_view value, Said& said) {
  const std::size_t comma = value.find(',');
  const std::string_view name = value.substr(0, comma);
  if (comma == std::string_view::npos || (name != kUser && name != kUe)) {
    return QueryFault{kTarget, "must be an object with one of valUserId and valUeId"};
  }
  const std::string_view id = value.substr(comma + 1);
  if (id.find(",valUserId,") != std::string_view::npos || id.find(",valUeId,") != std::string_view::npos) {
    return QueryFault{kTarget, kOneOf};
  }
  return said.say(name == kUser ? TargetKind::User : TargetKind::Ue, id);
}

Fault read_object(codec::JsonReader& reader, std::string_view value, Said& said) {
  const auto document = reader.parse(value);
  if (!document) return QueryFault{kTarget, "is not JSON"};
  Target target;
  if (auto fault = read_target(*document, target)) return fault;
  return said.say(target.kind, target.id);
}

Fault read_field(codec::JsonReader& reader, const codec::FormField& field, KeyQuery& query, Said& said) {
  if (field.name == kService) {
    if (!identity::is_val_service_id(field.value)) {
      return QueryFault{kService, "must be 1 to 128 characters that a scope may have"};
    }
    if (!query.service.empty() && query.service != field.value) {
      return QueryFault{kService, "is given twice with different values"};
    }
    query.service = field.value;
    return std::nullopt;
  }
  if (field.name == kUser) return said.say(TargetKind::User, field.value);
  if (field.name == kUe) return said.say(TargetKind::Ue, field.value);
  if (field.name == kTarget) {
    return field.value.starts_with('{') ? read_object(reader, field.value, said) : read_list(field.value, said);
  }
  if (field.name == kTargetUser) return said.say(TargetKind::User, field.value);
  if (field.name == kTargetUe) return said.say(TargetKind::Ue, field.value);
  if (field.name.starts_with(kTarget)) return QueryFault{kTarget, "is written in a way that is not described"};
  return std::nullopt;
}

}  // namespace

std::optional<QueryFault> read_target(codec::JsonValue value, Target& target) {
  const auto object = value.as_object();
  if (!object) return QueryFault{kTarget, "must be an object"};
  const auto user = object->find(kUser);
  const auto ue = object->find(kUe);
  if (user.has_value() == ue.has_value()) return QueryFault{kTarget, kOneOf};
  const auto id = (user ? *user : *ue).as_string();
  if (!id || !identity::is_val_identity(*id)) return QueryFault{user ? kUser : kUe, kBadId};
  target = {user ? TargetKind::User : TargetKind::Ue, std::string(*id)};
  return std::nullopt;
}

KeyQueryOrFault parse_key_query(codec::JsonReader& reader, std::string_view text) {
  const auto form = codec::parse_form(text, kQueryBytesMax);
  if (!form) return {std::nullopt, {"query", "is malformed"}};
  KeyQuery query;
  Said said;
  for (const codec::FormField& field : form->fields()) {
    if (const auto fault = read_field(reader, field, query, said)) return {std::nullopt, *fault};
  }
  if (query.service.empty()) return {std::nullopt, {kService, kIsMissing}};
  if (said.target) query.target = *std::move(said.target);
  return {std::move(query), {}};
}

}  // namespace claviger::seal_keys
