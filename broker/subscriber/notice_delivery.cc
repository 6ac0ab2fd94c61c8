#include "broker/subscriber/notice_delivery.h"

#include "broker/subscriber/cx.h"
#include "broker/subscriber/registration_procedures.h"
#include "broker/subscriber/subscriber_edit.h"
#include "broker/tables.h"
#include "broker/tokens/token_shard.h"
#include "core/diameter/message_builder.h"

namespace claviger::subscriber {
namespace {

namespace tables = broker::tables;
using broker::Context;
using diameter::MessageBuilder;
using runtime::Task;

constexpr std::uint32_t kStateNotMaintained = 1;
constexpr Milliseconds kAnswerMax{4'000};
constexpr std::size_t kPartsMin = 5;
constexpr std::string_view kEnd = "rtr";
constexpr std::string_view kProfile = "ppr";

storage::OutboxOptions outbox_options() {
  storage::OutboxOptions options;
  // An S-CSCF that is being restarted is back in a minute.
  options.pause_max = Seconds(300);
  return options;
}

}  // namespace

std::string encode_notice(const NoticeRow& row) {
  std::string text(row.notice == Notice::EndOfRegistration ? kEnd : kProfile);
  for (const std::string* part : {&row.tenant, &row.private_identity, &row.host, &row.realm}) {
    text.append(1, '\0').append(*part);
  }
  for (const std::string& identity : row.public_identities) text.append(1, '\0').append(identity);
  return text;
}

Result<NoticeRow> decode_notice(std::string_view payload) {
  std::vector<std::string> parts;
  for (std::size_t end = 0; end != std::string_view::npos && parts.size() <= kPartsMin + kPublicIdentitiesMax;) {
    end = payload.find('\0');
    parts.emplace_back(payload.substr(0, end));
    payload.remove_prefix(end == std::string_view::npos ? payload.size() : end + 1);
  }
  const bool is_right = parts.size() >= kPartsMin && parts.size() <= kPartsMin + kPublicIdentitiesMax &&
                        (parts[0] == kEnd || parts[0] == kProfile) && !parts[2].empty() && !parts[3].empty();
  if (!is_right) return Error{Code::Corrupt, "subscriber.notice"};
  NoticeRow row;
  row.notice = parts[0] == kEnd ? Notice::EndOfRegistration : Notice::NewProfile;
  row.tenant = std::move(parts[1]);
  row.private_identity = std::move(parts[2]);
  row.host = std::move(parts[3]);
  row.realm = std::move(parts[4]);
  row.public_identities.assign(parts.begin() + kPartsMin, parts.end());
  return row;
}

NoticeDelivery::~NoticeDelivery() = default;

void NoticeDelivery::start() {
  outbox_ =
      std::make_unique<storage::Outbox>(home().shard, home().store, tables::kServerNames, *this, outbox_options());
  outbox_->start();
}

Task<void> NoticeDelivery::close() {
  if (outbox_ == nullptr) co_return;
  co_await outbox_->close();
  outbox_.reset();
}

Result<Unit> NoticeDelivery::put(storage::Transaction& change, Notice notice, const std::string& tenant,
                                 const Subscriber& subscriber, const ServerState& server) {
  if (server.host.empty()) return Unit{};
  Context& here = database_.here();
  CLAVIGER_TRY(id, here.tokens->random_id());
  NoticeRow row{notice, tenant, subscriber.private_identity, server.host, server.realm, {}};
  if (notice == Notice::EndOfRegistration) row.public_identities = subscriber.public_identities;
  const std::string payload = encode_notice(row);
  storage::put_outbox_row(change, tables::kServerNames, numeric_date(here.shard.wall()),
                          std::string_view(id.data(), id.size()), as_bytes(payload));
  return Unit{};
}

void NoticeDelivery::wake() {
  home().shard.mailbox().post_control([this] {
    if (outbox_ != nullptr) outbox_->wake();
  });
}

Task<Result<Unit>> NoticeDelivery::handle(storage::OutboxRow row) {
  auto known = decode_notice(row.payload);
  if (!known) co_return Error{Code::NotPermitted, "subscriber.notice"};
  const NoticeRow noted = *std::move(known);
  auto found = co_await read_subscriber(&home(), noted.tenant, noted.private_identity);
  if (!found && !found.failed_with(Code::SubscriberUnknown)) co_return found.error();
  if (noted.notice == Notice::NewProfile) {
    if (!found || found->server.host.empty()) co_return Unit{};
    ServerState server = found->server;
    co_return co_await tell(noted.notice, *std::move(found), std::move(server));
  }
  // He has come back to it meanwhile.
  if (found && !found->server.is_empty() && found->server.host == noted.host) co_return Unit{};
  Subscriber gone;
  gone.private_identity = noted.private_identity;
  gone.public_identities = noted.public_identities;
  ServerState server;
  server.host = noted.host;
  server.realm = noted.realm;
  co_return co_await tell(noted.notice, std::move(gone), std::move(server));
}

void NoticeDelivery::gave_up(const storage::OutboxRow& row, const Error& error) {
  home().shard.logger().error("cx.notice_given_up", {{"row", row.id}, {"code", name_of(error.code)}});
}

Result<Slice> NoticeDelivery::message(Notice notice, const Subscriber& subscriber, const ServerState& server) {
  const bool is_end = notice == Notice::EndOfRegistration;
  MessageBuilder builder =
      node_.request(cx::kApplication, is_end ? cx::command::kRegistrationTermination : cx::command::kPushProfile);
  builder.vendor_specific_application(cx::kVendor, cx::kApplication);
  builder.u32(diameter::avp::kAuthSessionState, kStateNotMaintained);
  builder.text(diameter::avp::kDestinationHost, server.host).text(diameter::avp::kDestinationRealm, server.realm);
  builder.text(diameter::avp::kUserName, subscriber.private_identity);
  if (is_end) {
    for (const std::string& identity : subscriber.public_identities) builder.text(cx::avp::kPublicIdentity, identity);
    builder.begin_group(cx::avp::kDeregistrationReason);
    builder.u32(cx::avp::kReasonCode, static_cast<std::uint32_t>(cx::ReasonCode::PermanentTermination)).end_group();
  } else {
    builder.text(cx::avp::kUserData, user_data_of(subscriber));
  }
  return builder.finish();
}

Task<Result<Unit>> NoticeDelivery::tell(Notice notice, Subscriber subscriber, ServerState server) {
  runtime::Shard& shard = home().shard;
  CLAVIGER_CO_TRY(built, message(notice, subscriber, server));
  diameter::Outgoing outgoing;
  outgoing.message = std::move(built);
  outgoing.host = server.host;
  outgoing.realm = server.realm;
  outgoing.deadline = shard.now() + kAnswerMax;
  const auto answered = co_await node_.send(std::move(outgoing));
  const std::string_view name = notice == Notice::EndOfRegistration ? kEnd : kProfile;
  if (!answered) {
    shard.logger().warning("cx.notice", {{"notice", name}, {"code", name_of(answered.error().code)}});
    co_return answered.error();
  }
  const auto outcome = answered->outcome();
  if (outcome.is_success()) co_return Unit{};
  shard.logger().warning("cx.notice", {{"notice", name}, {"result", outcome.code}});
  // What is wrong on the way, or for now, may be right later (RFC 6733 clauses 7.1.3, 7.1.4); what it refuses is its answer.
  if (outcome.code / 1000 == 3 || outcome.code / 1000 == 4) co_return Error{Code::Unreachable, "cx.notice"};
  co_return Unit{};
}

}  // namespace claviger::subscriber
