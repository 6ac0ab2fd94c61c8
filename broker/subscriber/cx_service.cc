#include "broker/subscriber/cx_service.h"

#include "broker/subscriber/cx.h"
#include "broker/subscriber/cx_messages.h"
#include "broker/subscriber/vector_procedure.h"
#include "core/diameter/node_shard.h"

namespace claviger::subscriber {
namespace {

using diameter::Message;
using diameter::MessageBuilder;
using diameter::Request;
using runtime::Task;

constexpr std::uint32_t kStateNotMaintained = 1;
// An S-CSCF that is being restarted is back in a minute. A registration ends by itself when nobody hears of it.
constexpr int kNoticeTriesMax = 5;
constexpr Milliseconds kNoticeDeadline{4'000};
constexpr Seconds kNoticePause{10};

// Ends the request with what `write` makes of it.
template <typename Made, typename Write>
void finish(Request& request, const Made& made, Write write) {
  MessageBuilder builder = request.answer_builder();
  write(request.message(), made, builder);
  auto message = builder.finish();
  if (!message) return request.refuse(diameter::result_code::kUnableToComply);
  request.answer(*std::move(message));
}

}  // namespace

CxService::CxService(diameter::Node& node, SipDatabase& database, std::string tenant)
    : node_(node), database_(database), tenant_(std::move(tenant)) {}
CxService::~CxService() = default;

void CxService::serve() {
  cx::add_to(node_.dictionary());
  for (const std::uint32_t command : {cx::command::kUserAuthorization, cx::command::kServerAssignment,
                                      cx::command::kLocationInfo, cx::command::kMultimediaAuth}) {
    node_.serve(cx::kApplication, command, *this);
  }
  database_.use_notices(this);
}

void CxService::handle(Request& request) {
  // Who is not of our realm does not speak for it: else a partner system's node would get what our own S-CSCFs get.
  const bool claims_home = is_same_realm(request.message().origin_realm(), node_.options().realm);
  if (claims_home && !is_same_realm(request.source().realm, node_.options().realm)) {
    return finish(request, Result<VectorAnswer>(Error{Code::RouteRefused, "cx.origin"}), write_multimedia_auth);
  }
  if (request.message().header().command == cx::command::kMultimediaAuth) {
    auto wanted = read_multimedia_auth(request.message(), {tenant_, node_.options().realm});
    if (!wanted) return finish(request, Result<VectorAnswer>(wanted.error()), write_multimedia_auth);
    auto private_identity = canonical_private_identity(wanted->private_identity);
    auto public_identity = canonical_public_identity(wanted->public_identity);
    if (private_identity && public_identity) {
      wanted->private_identity = *std::move(private_identity);
      wanted->public_identity = *std::move(public_identity);
      const auto quick = make_vector_now(database_, *wanted);
      if (quick) return finish(request, *quick, write_multimedia_auth);
    }
  }
  diameter::NodeShard& shard = request.shard();
  if (shard.procedures().size() >= diameter::kProceduresMax) return request.refuse(diameter::result_code::kTooBusy);
  // copy: it may wait for a commit, and the received slab is not its alone.
  request.keep(shard.packer().keep(request.message().bytes()));
  shard.procedures().spawn(answer(this, std::move(request)));
}

Task<void> CxService::answer(CxService* service, Request request) {
  switch (request.message().header().command) {
    case cx::command::kMultimediaAuth:
      return service->answer_multimedia_auth(std::move(request));
    case cx::command::kUserAuthorization:
      return service->answer_user_authorization(std::move(request));
    case cx::command::kServerAssignment:
      return service->answer_server_assignment(std::move(request));
    default:
      return service->answer_location_info(std::move(request));
  }
}

Task<void> CxService::answer_multimedia_auth(Request request) {
  auto wanted = read_multimedia_auth(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<VectorAnswer>(wanted.error()), write_multimedia_auth);
    co_return;
  }
  const auto made = co_await make_vector(&database_, *std::move(wanted));
  finish(request, made, write_multimedia_auth);
}

Task<void> CxService::answer_user_authorization(Request request) {
  auto wanted = read_user_authorization(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<AuthorizationAnswer>(wanted.error()), write_user_authorization);
    co_return;
  }
  const auto made = co_await authorize_user(&database_, *std::move(wanted));
  finish(request, made, write_user_authorization);
}

Task<void> CxService::answer_server_assignment(Request request) {
  auto wanted = read_server_assignment(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<AssignmentAnswer>(wanted.error()), write_server_assignment);
    co_return;
  }
  const auto made = co_await assign_server(&database_, *std::move(wanted));
  finish(request, made, write_server_assignment);
}

Task<void> CxService::answer_location_info(Request request) {
  auto wanted = read_location_info(request.message(), {tenant_, node_.options().realm});
  if (!wanted) {
    finish(request, Result<LocationAnswer>(wanted.error()), write_location_info);
    co_return;
  }
  const auto made = co_await locate_user(&database_, *std::move(wanted));
  finish(request, made, write_location_info);
}

void CxService::end_registration(const Subscriber& subscriber, const ServerState& server) {
  if (server.host.empty()) return;
  database_.here().shard.scope().spawn(tell(cx::command::kRegistrationTermination, subscriber, server));
}
void CxService::push_profile(const Subscriber& subscriber, const ServerState& server) {
  if (server.host.empty()) return;
  database_.here().shard.scope().spawn(tell(cx::command::kPushProfile, subscriber, server));
}

Slice CxService::notice(std::uint32_t command, const Subscriber& subscriber, const ServerState& server) {
  MessageBuilder builder = node_.request(cx::kApplication, command);
  builder.vendor_specific_application(cx::kVendor, cx::kApplication);
  builder.u32(diameter::avp::kAuthSessionState, kStateNotMaintained);
  builder.text(diameter::avp::kDestinationHost, server.host).text(diameter::avp::kDestinationRealm, server.realm);
  builder.text(diameter::avp::kUserName, subscriber.private_identity);
  if (command == cx::command::kPushProfile) {
    builder.text(cx::avp::kUserData, user_data_of(subscriber));
  } else {
    for (const std::string& identity : subscriber.public_identities) builder.text(cx::avp::kPublicIdentity, identity);
    builder.begin_group(cx::avp::kDeregistrationReason);
    builder.u32(cx::avp::kReasonCode, static_cast<std::uint32_t>(cx::ReasonCode::PermanentTermination)).end_group();
  }
  // 16 identities of 253 octets: far below the longest message.
  auto message = builder.finish();
  CLAVIGER_ASSERT(message.has_value());
  return *std::move(message);
}

Task<void> CxService::tell(std::uint32_t command, Subscriber subscriber, ServerState server) {
  runtime::Shard& shard = database_.here().shard;
  for (int tries = 0; tries < kNoticeTriesMax; ++tries) {
    diameter::Outgoing outgoing;
    outgoing.message = notice(command, subscriber, server);
    outgoing.host = server.host;
    outgoing.realm = server.realm;
    outgoing.deadline = shard.now() + kNoticeDeadline;
    const auto answered = co_await node_.send(std::move(outgoing));
    if (answered) {
      if (!answered->outcome().is_success()) {
        shard.logger().warning("cx.notice", {{"command", command}, {"result", answered->outcome().code}});
      }
      co_return;
    }
    shard.logger().warning("cx.notice", {{"command", command}, {"code", name_of(answered.error().code)}});
    co_await shard.wait_until(shard.now() + kNoticePause);
  }
}

}  // namespace claviger::subscriber
