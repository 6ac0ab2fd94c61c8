#include "broker/configuration/subscription_request.h"

#include <algorithm>

#include "broker/configuration/xcap_endpoint.h"
#include "broker/configuration/xml_tree.h"
#include "broker/registration/info_document.h"
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

// The token of whichever service's info part there is; empty: none.
Result<std::string> read_token(Registrar& registrar, const sip::Parts& parts) {
  for (const registration::Service& service : registrar.services().all()) {
    const sip::Part* const part = parts.find(service.info_media_type);
    if (part == nullptr) continue;
    CLAVIGER_TRY(info, registration::parse_info(part->body, service));
    return std::move(info.access_token);
  }
  return std::string();
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

Result<DocumentSubscription> read_wanted(Registrar& registrar, const sip::Message& message, std::string subscriber) {
  DocumentSubscription wanted;
  wanted.subscriber = std::move(subscriber);
  const bool is_server = registrar.is_server(wanted.subscriber);
  std::vector<std::string> entries;
  std::string token;
  if (message.body().empty()) {
    if (!is_server) return kNotAuthorised;
    entries = named_by_uri(message);
  } else {
    CLAVIGER_TRY(parts, sip::Parts::of(message.value(sip::HeaderId::ContentType), message.body()));
    CLAVIGER_TRY(found, read_token(registrar, parts));
    token = std::move(found);
    if (token.empty() && !is_server) return kNotAuthorised;
    const sip::Part* const lists = parts.find(kResourceListsType);
    if (lists == nullptr) return Error{Code::ContentUnsupported, "xcap_diff.lists"};
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
      wanted.identity = credential->caller.identity.empty() ? credential->caller.who : credential->caller.identity;
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
