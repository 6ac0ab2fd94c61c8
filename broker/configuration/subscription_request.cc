#include "broker/configuration/subscription_request.h"

#include <algorithm>

#include "broker/configuration/xcap_endpoint.h"
#include "broker/configuration/xml_tree.h"
#include "broker/registration/protected_info.h"
#include "broker/tokens/token_shard.h"
#include "core/sip/multipart.h"
#include "core/sip/uri.h"

namespace claviger::configuration {
namespace {

using registration::Registrar;

constexpr std::string_view kListsSpace = "urn:ietf:params:xml:ns:resource-lists";
constexpr Error kNotAuthorised{Code::ServiceNotAuthorised, "xcap_diff.token"};

// Of "sip:org@cms.example;auid=org.3gpp.mcptt.service-config" (TS 24.484 clause A.2.3).
std::vector<std::string> named_by_uri(const sip::Message& message) {
  const auto uri = sip::parse_uri(message.request_uri());
  if (!uri) return {};
  const auto application = find_application(sip::find_parameter(uri->parameters, "auid").value);
  if (!application || application->tree != Tree::Global) return {};
  std::string selector = application->auid + "/global/";
  if (!uri->user.empty()) selector.append(uri->user).append("/");
  return {selector + "service-config.xml"};
}

// The info part of whichever service there is.
struct Presented {
  std::string token;  // empty: none
  const registration::Service* service = nullptr;
  registration::Protection protection;
};

// With the lists, which nobody else may have put beside it.
Result<Presented> read_presented(Registrar& registrar, const sip::Parts& parts, const sip::Part* lists,
                                 const registration::BodyAccess& access) {
  Presented presented;
  CLAVIGER_TRY(signers, registration::check_signatures(parts, registrar.services(), access.keys));
  for (const registration::Service& service : registrar.services().all()) {
    CLAVIGER_TRY(part, registration::info_part(parts, service));
    if (part == nullptr) continue;
    if (presented.service != nullptr) return Error{Code::SipHeaderRepeated, "xcap_diff.info"};
    CLAVIGER_TRY(opened, registration::open_info(parts, *part, service, signers, access.keys));
    presented.token = std::move(opened.info.access_token);
    presented.service = &service;
    presented.protection = std::move(opened.protection);
  }
  if (lists != nullptr) {
    const registration::BodyKeyRef& signer = registration::signer_of(parts, *lists, signers);
    CLAVIGER_TRY(same, presented.protection.add(signer));
    presented.protection.is_unsigned |= signer == nullptr;
  }
  return presented;
}

// Under a key of the user whom the token names, if it is under any.
Result<Unit> check_key(Registrar& registrar, const Presented& presented) {
  if (presented.protection.csk_id == 0) return Unit{};
  broker::Context& context = registrar.here();
  const broker::TenantView* const tenant = context.snapshot->find(registrar.tenant());
  if (tenant == nullptr || presented.service == nullptr || presented.token.empty()) return kNotAuthorised;
  const auto claims = context.tokens->verify_own(*tenant, presented.token);
  if (!claims) return kNotAuthorised;
  const auto identity = registration::identity_of(*presented.service, **claims);
  if (!identity) return kNotAuthorised;
  return registration::check_owner(presented.protection, *identity);
}

// As a GET of it would be: by usage, scope and identity.
Result<Credential> may_watch(Registrar& registrar, std::string_view token, const WatchedPath& watched) {
  const auto application = application_of(watched.name);
  if (!application) return Error{Code::DocumentUnknown, "xcap_diff.auid"};
  CLAVIGER_TRY(credential, admit_token(registrar.here(), registrar.tenant(), token, *application));
  CLAVIGER_TRY(allowed, check_may_read(credential.caller, watched.name));
  return credential;
}

}  // namespace

Result<std::vector<std::string>> read_entries(std::string_view text, std::string_view root) {
  CLAVIGER_TRY(tree, XmlTree::read(text));
  if (tree[tree.root()].name != "resource-lists" || tree[tree.root()].space != kListsSpace) {
    return Error{Code::XmlSchema, "xcap_diff.lists"};
  }
  std::vector<std::string> entries;
  for (std::uint32_t i = 0; i < tree.size(); ++i) {
    if (tree[i].name != "entry" || tree[i].space != kListsSpace) continue;
    const XmlAttribute* const uri = tree.attribute(i, "uri");
    if (uri == nullptr) return Error{Code::XmlSchema, "xcap_diff.entry"};
    std::string selector = unescaped(uri->value);
    if (selector.starts_with(root)) selector.erase(0, root.size());
    if (std::ranges::find(entries, selector) != entries.end()) continue;
    if (entries.size() == kSelectorsMax) return Error{Code::TooMany, "xcap_diff.entries"};
    entries.push_back(std::move(selector));
  }
  return entries;
}

Result<DocumentSubscription> read_wanted(Registrar& registrar, const sip::Message& message, std::string subscriber,
                                         const registration::BodyAccess& access) {
  DocumentSubscription wanted;
  wanted.subscriber = std::move(subscriber);
  const bool is_server = registrar.is_server(wanted.subscriber);
  std::vector<std::string> entries;
  std::string token;
  if (message.body().empty()) {
    if (!is_server) return kNotAuthorised;
    entries = named_by_uri(message);
  } else {
    CLAVIGER_TRY(parts, sip::Parts::of(message));
    const sip::Part* const lists = parts.find(kResourceListsType);
    CLAVIGER_TRY(presented, read_presented(registrar, parts, lists, access));
    token = presented.token;
    if (token.empty() && !is_server) return kNotAuthorised;
    if (lists == nullptr) return Error{Code::ContentUnsupported, "xcap_diff.lists"};
    // Servers share no CSK with us.
    if (presented.service != nullptr && !is_server) {
      CLAVIGER_TRY(enough, registration::check_policy(*presented.service, presented.protection));
    }
    CLAVIGER_TRY(owned, check_key(registrar, presented));
    CLAVIGER_TRY(read, read_entries(lists->body, xcap_root(registrar.here(), registrar.tenant())));
    entries = std::move(read);
  }
  if (token.empty()) wanted.identity = wanted.subscriber;
  for (std::string& entry : entries) {
    const auto watched = read_watched(entry);
    if (!watched) continue;
    if (!token.empty()) {
      auto credential = may_watch(registrar, token, *watched);
      if (!credential) {
        registrar.here().shard.logger().info(
            "xcap_diff.left_out", {{"code", name_of(credential.error().code)}, {"where", credential.error().where}});
        continue;
      }
      wanted.identity = credential->caller.identity.empty() ? credential->caller.who() : credential->caller.identity;
      wanted.sub = std::move(credential->sub);
      wanted.sid = std::move(credential->sid);
      wanted.jti = std::move(credential->jti);
      wanted.token_issued_at = credential->issued_at;
    }
    wanted.watched.push_back(std::move(entry));
  }
  if (wanted.watched.empty()) return kNotAuthorised;
  return wanted;
}

}  // namespace claviger::configuration
