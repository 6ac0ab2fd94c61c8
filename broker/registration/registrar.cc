#include "broker/registration/registrar.h"

#include <algorithm>
#include <iterator>

#include "broker/keys/kms.h"
#include "broker/pem_file.h"
#include "broker/registration/addressee.h"
#include "broker/registration/answers.h"
#include "broker/registration/body_access.h"
#include "broker/registration/change.h"
#include "broker/registration/event_package.h"
#include "broker/registration/notifier.h"
#include "broker/registration/peer_wait.h"
#include "broker/registration/procedures.h"
#include "broker/registration/publication_timer.h"
#include "broker/registration/registration_watch.h"
#include "broker/registration/revocation_follower.h"
#include "broker/registration/rows.h"
#include "broker/registration/sip_requests.h"
#include "broker/registration/token_timer.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "core/sip/scan.h"
#include "core/sip/uri.h"

namespace claviger::registration {

using runtime::Task;
using sip::HeaderId;
using sip::Response;

namespace {

std::string canonical(const std::string& uri) {
  const auto identity = sip::canonical_identity(uri);
  return identity ? *identity : uri;
}

}  // namespace

Registrar::Registrar(Contexts& contexts, settings::Sip sip)
    : contexts_(contexts), sip_(std::move(sip)), services_(sip_), psi_(canonical(sip_.psi)) {
  const auto uri = sip::parse_uri(psi_);
  psi_domain_ = uri ? std::string(uri->host) : psi_;
  for (const std::string& server : sip_.servers) servers_.push_back(canonical(server));
  for (const auto& context : contexts_)
    per_shard_.push_back(std::make_unique<PerShard>(context->shard, services_.all().size()));
}
Registrar::~Registrar() = default;

void Registrar::use_kms(keys::Kms& kms) {
  kms.reserve(sip_.tenant, domain_security_identity());
  csk_opener_ = std::make_unique<CskOpener>(kms, contexts_.size());
}

runtime::Shard& Registrar::home_of_identity(std::string_view impu) {
  return here().home_of("impu/" + sip_.tenant + "/" + std::string(impu));
}
runtime::Shard& Registrar::home_of_client(std::string_view client_id) {
  return here().home_of("mc-client/" + sip_.tenant + "/" + std::string(client_id));
}
runtime::Shard& Registrar::home_of_dialog(std::string_view local_tag) {
  return here().home_of("dialog/" + sip_.tenant + "/" + std::string(local_tag));
}

bool Registrar::is_server(std::string_view identity) const {
  return std::find(servers_.begin(), servers_.end(), identity) != servers_.end();
}

Result<const tokens::VerificationPolicy*> Registrar::policy(const Service& service) {
  broker::Context& context = here();
  const broker::TenantView* tenant = context.snapshot->find(sip_.tenant);
  if (tenant == nullptr) return Error{Code::ConfigMissing, "registration.tenant"};
  const auto audience = tenant->tenant.scope_audiences.find(service.scope);
  const std::string key =
      tenant->tenant.issuer + " " + service.name + " " +
      (audience == tenant->tenant.scope_audiences.end() ? tenant->tenant.default_audience : audience->second);
  auto& policies = per_shard_[context.shard.index()]->policies;
  auto found = policies.find(key);
  if (found == policies.end()) {
    CLAVIGER_TRY(policy, policy_for(context, *tenant, service));
    found = policies.emplace(key, std::move(policy)).first;
  }
  return &found->second;
}

void Registrar::wake() {
  runtime::Shard& home = contexts_.front()->shard;
  if (&home == &runtime::Shard::current()) return wake_();
  // Refused: the outbox finds the row at its next poll.
  runtime::Message message([this] { wake_(); });
  if (!home.mailbox().post(std::move(message))) return;
}

Task<Result<Unit>> Registrar::start(std::function<void()> wake) {
  wake_ = std::move(wake);
  CLAVIGER_CO_TRY(certificates, co_await read());
  sip::EndpointOptions options;
  options.host = sip_.address;
  options.port = sip_.port;
  options.tls_port = sip_.tls_port;
  options.via_host = sip_.public_host;
  options.tls_server = certificates.server;
  options.tls_client = certificates.client;
  options.handler = this;
  options.admits = [this](const net::Address& peer) {
    const std::string host = peer.host();
    return std::any_of(sip_.trusted_peers.begin(), sip_.trusted_peers.end(),
                       [&host](const settings::Network& network) { return network.contains(host); });
  };
  endpoint_ = std::make_unique<sip::Endpoint>(contexts_.front()->shard.shards(), std::move(options));
  contact_ = "<sip:" + endpoint_->options().via_host + ":" + std::to_string(sip_.port) + ";transport=tcp>";
  if (auto listening = endpoint_->listen(); !listening) {
    contexts_.front()->shard.logger().error(
        "sip.listen", {{"code", name_of(listening.error().code)}, {"where", listening.error().where}});
    co_return listening.error();
  }
  started_endpoint_.store(endpoint_.get(), std::memory_order_release);
  contexts_.front()->shard.logger().info("sip.listen",
                                         {{"address", sip_.address}, {"port", sip_.port}, {"tls_port", sip_.tls_port}});
  follower_ = std::make_unique<RevocationFollower>(*contexts_.front(), *this);
  follower_->start();
  co_return Unit{};
}

Result<Registrar::Certificates> Registrar::read_files(const settings::Sip& sip) {
  Certificates contexts;
  if (sip.tls_port == 0) return contexts;
  net::TlsServerOptions server;
  net::TlsClientOptions client;
  CLAVIGER_TRY(chain, broker::read_public_pem_file(sip.certificate_file, "sip.certificate_file"));
  CLAVIGER_TRY(key, broker::read_pem_file(sip.key_file, "sip.key_file"));
  CLAVIGER_TRY(client_key, broker::read_pem_file(sip.key_file, "sip.key_file"));
  server.certificate_chain_pem = chain;
  server.private_key_pem = std::move(key);
  server.alpn.clear();
  server.session_name = "sip";
  client.certificate_chain_pem = chain;
  client.private_key_pem = std::move(client_key);
  client.alpn.clear();
  if (!sip.ca_file.empty()) {
    CLAVIGER_TRY(ca, broker::read_public_pem_file(sip.ca_file, "sip.ca_file"));
    server.client_ca_pem = ca;
    server.client_certificate = net::ClientCertificate::Optional;
    client.ca_pem = ca;
  }
  CLAVIGER_TRY(server_context, net::TlsContext::server(std::move(server)));
  CLAVIGER_TRY(client_context, net::TlsContext::client(std::move(client)));
  contexts.server = std::move(server_context);
  contexts.client = std::move(client_context);
  return contexts;
}

Task<Result<Registrar::Certificates>> Registrar::read() {
  auto make = [sip = sip_] { return read_files(sip); };
  auto made = co_await runtime::offload(&contexts_.front()->work_pool, std::move(make));
  if (!made) co_return made.error();
  co_return *std::move(made);
}

void Registrar::replace(Certificates certificates) {
  if (endpoint_ == nullptr || certificates.server == nullptr) return;
  endpoint_->use_tls(std::move(certificates.server), std::move(certificates.client));
}

Task<void> Registrar::stop() {
  follower_.reset();
  if (endpoint_ == nullptr) co_return;
  runtime::Shard& home = contexts_.front()->shard;
  runtime::OneShotPair<Unit> pair;
  auto completer = std::make_shared<runtime::Completer<Unit>>(std::move(pair.completer));
  endpoint_->drain([&home, completer] { home.mailbox().post_control([completer] { completer->complete(Unit{}); }); });
  co_await pair.waiter;
}

// ---- requests

namespace {

// A PUBLISH or SUBSCRIBE is refused: counted for the service that its body is about.
Response refuse(Registrar* registrar, const sip::Message& message, const Error& error) {
  std::string_view about;
  for (const Service& service : registrar->services().all()) {
    if (message.media_type() == service.info_media_type ||
        message.body().find(service.info_media_type) != std::string_view::npos)
      about = service.name;
  }
  registrar->figures_of(about).refused[static_cast<std::size_t>(refusal_of(error.code))].add();
  return refusal(*registrar, error);
}

// The keys of an embedded REGISTER's body. None where it cannot be had: the registration stands all the same.
Task<BodyAccess> access_embedded(Registrar* registrar, const sip::Received* received) {
  if (!is_protected(received->message)) co_return BodyAccess();
  const auto body = embedded_body(received->message);
  if (!body) co_return BodyAccess();
  auto identity = registering_identity(received->message);
  const auto parts = sip::Parts::of(body->content_type, body->body, body->transfer_encoding);
  if (!identity || !parts) co_return BodyAccess();
  auto access = co_await access_body(registrar, &*parts, *identity);
  if (access) co_return *std::move(access);
  registrar->here().shard.logger().info("registration.embedded",
                                        {{"identity", *identity}, {"code", name_of(access.error().code)}});
  co_return BodyAccess();
}

Task<Response> answer_register(Registrar* registrar, const sip::Received* received) {
  const BodyAccess access = co_await access_embedded(registrar, received);
  auto read = read_register(*registrar, received->message, access);
  // RFC 3261 clause 10.3, step 5: an address-of-record that is none here. 416 is of Request-URIs alone (clause 8.2.2.1).
  if (read.failed_with(Code::SipUri)) co_return Response(404);
  if (!read) co_return Response(sip::status_of(read.error().code));
  const auto request = std::make_shared<const RegisterRequest>(*std::move(read));
  auto begin = [registrar, request] { return register_identity(registrar, request); };
  auto done = co_await runtime::call_on(&registrar->home_of_identity(request->impu), std::move(begin));
  if (!done) co_return refusal(*registrar, done.error());
  co_return registered(*registrar, received->message, *request);
}

// What is cheap comes first: the syntax, then whether the identity is registered, then the arithmetic.
Task<Result<BodyAccess>> access_published(Registrar* registrar, const sip::Received* received, std::string identity) {
  const sip::Message& message = received->message;
  if (!is_protected(message)) co_return BodyAccess();
  CLAVIGER_CO_TRY(headers, read_publish_headers(message, identity));
  if (headers.expires == 0) co_return BodyAccess();
  CLAVIGER_CO_TRY(parts, sip::Parts::of(message));
  CLAVIGER_CO_TRY(registration, co_await read_registration(registrar, identity));
  if (!registration.is_active_at(registrar->now())) co_return Error{Code::RegistrationUnknown, "publish.registration"};
  auto access = co_await access_body(registrar, &parts, identity);
  co_return access;
}

Task<Response> answer_publish(Registrar* registrar, const sip::Received* received, std::string identity) {
  auto access = co_await access_published(registrar, received, identity);
  if (!access) co_return refuse(registrar, received->message, access.error());
  auto read = read_publish(*registrar, received->message, std::move(identity), *access);
  if (!read) co_return refuse(registrar, received->message, read.error());
  const auto request = std::make_shared<const PublishRequest>(*std::move(read));
  auto begin = [registrar, request] { return publish(registrar, request); };
  auto done = co_await runtime::call_on(&registrar->home_of_identity(request->impu), std::move(begin));
  if (!done) co_return refuse(registrar, received->message, done.error());
  co_return published(*registrar, *done);
}

Task<Response> answer_subscribe(Registrar* registrar, const sip::Received* received, std::string identity) {
  const bool is_tls = received->peer.transport == sip::Transport::Tls;
  auto access = co_await access_without_upload(registrar, received, identity);
  if (!access) co_return refuse(registrar, received->message, access.error());
  auto read = read_subscribe(*registrar, received->message, std::move(identity), *access);
  if (!read) co_return refuse(registrar, received->message, read.error());
  const auto request = std::make_shared<const SubscribeRequest>(*std::move(read));
  const std::string tag = request->subscription.dialog.local_tag;
  if (tag.empty()) {
    auto done = co_await subscribe(registrar, request);
    if (!done) co_return refuse(registrar, received->message, done.error());
    co_return subscribed(*registrar, *done, is_tls);
  }
  auto begin = [registrar, request] { return refresh(registrar, request); };
  auto done = co_await runtime::call_on(&registrar->home_of_dialog(tag), std::move(begin));
  if (!done) co_return refuse(registrar, received->message, done.error());
  co_return subscribed(*registrar, *done, is_tls);
}

// Of the registration events that we have subscribed to; to anything else we have not.
Task<Response> answer_notify(Registrar* registrar, const sip::Received* received) {
  if (received->message.event() != "reg") co_return Response(481);
  auto read = read_reg_notify(received->message);
  if (!read) co_return refusal(*registrar, read.error());
  auto heard = co_await hear_reg_notify(registrar, *std::move(read));
  if (!heard) co_return refusal(*registrar, heard.error());
  co_return Response(200);
}

}  // namespace

Task<Response> Registrar::handle(const sip::Received* request) {
  const sip::Message& message = request->message;
  // Who may assert identities: a core at a known address, or one whose certificate our CA made.
  const std::string host = request->peer.address.host();
  const bool is_trusted = request->peer.is_certificate_trusted ||
                          std::any_of(sip_.trusted_peers.begin(), sip_.trusted_peers.end(),
                                      [&host](const settings::Network& network) { return network.contains(host); });
  if (!is_trusted) co_return Response(403);
  if (message.method() == sip::Method::Notify) co_return co_await answer_notify(this, request);
  // A tenant that was disabled, or has not been added: nobody is served, and whoever leaves may.
  const bool is_register = message.method() == sip::Method::Register;
  const bool is_leaving = is_register ? registration_interval(message) == 0
                                      : message.expires() == 0U && (message.method() == sip::Method::Publish ||
                                                                    !message.tag(HeaderId::To).empty());
  if (!is_leaving && here().snapshot->find(tenant()) == nullptr) {
    co_return refusal(*this, {Code::ConfigMissing, "sip.tenant"});
  }
  if (is_register) co_return co_await answer_register(this, request);
  // RFC 3261 clause 8.2.3: a body that is coded in a way that nobody here undoes.
  const std::string_view coding = message.value(HeaderId::ContentEncoding);
  if (!message.body().empty() && !coding.empty() && !sip::equals_ignoring_case(coding, "identity")) {
    co_return Response(415).with("Accept-Encoding", "identity");
  }
  if (package_ != nullptr && message.method() == sip::Method::Subscribe && message.event() == package_event_) {
    auto subscriber = asserted_identity(message);
    if (!subscriber) co_return Response(403);
    co_return co_await package_->subscribe(request, *std::move(subscriber));
  }
  // RFC 3903 clause 6 and RFC 6665 clause 7.2: the package first.
  if (message.event() != "poc-settings") co_return refusal(*this, {Code::EventUnsupported, "sip.event"});
  auto identity = asserted_identity(message);
  if (!identity) co_return Response(403);
  const bool is_in_dialog = !message.tag(HeaderId::To).empty();
  if (!is_in_dialog && !is_addressed_to(sip_, psi_, message.request_uri())) co_return Response(404);
  if (message.method() == sip::Method::Publish) co_return co_await answer_publish(this, request, *std::move(identity));
  co_return co_await answer_subscribe(this, request, *std::move(identity));
}

// ---- rows of the outbox

Task<Result<Unit>> Registrar::handle(storage::OutboxRow row) {
  if (endpoint_ == nullptr) co_return Error{Code::Closed, "registration.stopped"};
  Registrar* const registrar = this;
  const std::string payload = row.payload;
  const std::int64_t due = row.due_first;
  if (row.id.starts_with(kRegistrationTimer)) {
    auto begin = [registrar, payload, due] { return look_at_registration(registrar, payload, due); };
    co_return co_await runtime::call_on(&home_of_identity(payload), std::move(begin));
  }
  if (row.id.starts_with(kSubscriptionTimer)) {
    auto begin = [registrar, payload, due] { return look_at_subscription(registrar, payload, due); };
    co_return co_await runtime::call_on(&home_of_dialog(payload), std::move(begin));
  }
  if (row.id.starts_with(kWatchTimer)) {
    const std::size_t nul = payload.find('\0');
    if (nul == std::string::npos) co_return Error{Code::Corrupt, "registration.row"};
    const std::string impu = payload.substr(0, nul);
    auto begin = [registrar, impu, tag = payload.substr(nul + 1), due] {
      return tend_watch(registrar, impu, tag, due);
    };
    auto tended = co_await wait_for_peer(&home_of_identity(impu), std::move(begin));
    co_return tended;
  }
  if (row.id.starts_with(kTokenTimer)) {
    CLAVIGER_CO_TRY(timer, read_token_timer(payload));
    auto begin = [registrar, timer] { return look_at_token(registrar, timer.impu, timer.name); };
    co_return co_await runtime::call_on(&home_of_identity(timer.impu), std::move(begin));
  }
  if (row.id.starts_with(kPublicationTimer)) {
    CLAVIGER_CO_TRY(timer, read_publication_timer(payload));
    auto begin = [registrar, timer, due] { return look_at_publication(registrar, timer, due); };
    co_return co_await runtime::call_on(&home_of_identity(timer.impu), std::move(begin));
  }
  if (row.id.starts_with(kTellResource)) co_return co_await tell_resource(this, payload);
  if (row.id.starts_with(kTellDialog)) co_return co_await tell_dialog(this, payload);
  co_return Error{Code::NotPermitted, "registration.row"};
}

void Registrar::gave_up(const storage::OutboxRow& row, const Error& error) {
  contexts_.front()->shard.logger().warning("registration.given_up", {{"row", row.id}, {"code", name_of(error.code)}});
  if (!row.id.starts_with(kTellDialog)) return;
  // He could not be reached for hours, and subscribes again. One who is slow alone has failed by Timer F or lives, unless his
  // subscription is over anyway.
  const bool is_slow = error.code == Code::DeadlinePassed;
  Registrar* const registrar = this;
  runtime::Shard& home = home_of_dialog(row.payload);
  home.mailbox().post_control([registrar, &home, tag = row.payload, is_slow] {
    auto forget = [](Registrar* of, std::string local_tag, bool spares_living) -> Task<void> {
      if (spares_living) {
        const auto known = co_await read_subscription(of, local_tag);
        if (known && known->life.ending.empty() && known->life.expires_at > of->now()) co_return;
      }
      auto forgotten = co_await forget_dialog(of, std::move(local_tag));
      if (!forgotten)
        of->here().shard.logger().warning("registration.forget", {{"code", name_of(forgotten.error().code)}});
    };
    home.scope().spawn(forget(registrar, tag, is_slow));
  });
}

}  // namespace claviger::registration
