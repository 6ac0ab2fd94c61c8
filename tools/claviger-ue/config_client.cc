#include "tools/claviger-ue/config_client.h"

#include "core/codec/percent.h"
#include "tools/claviger-ue/xml_tree.h"

namespace claviger::ue {
namespace {

constexpr std::string_view kKept = "profile/";
constexpr std::string_view kDiffNamespace = "urn:ietf:params:xml:ns:xcap-diff";
constexpr std::string_view kDirectoryNamespace = "urn:oma:xml:xdm:xcap-directory";
// What a vault keeps of one; documents of our server have 256 KiB at most.
constexpr std::size_t kDocumentBytesMax = kVaultValueBytesMax - 256;
// Of one notification request: a user's profiles; the server has such a bound, too.
constexpr std::size_t kWatchedMax = 16;

std::string encoded(std::string_view text) {
  std::string out;
  codec::percent_encode(text, out);
  return out;
}

// An identity as a segment of a path: ':' and '@' stand for themselves, as the server's directory has it.
std::string segment(std::string_view text) {
  std::string out;
  for (const char& each : text) {
    if (each == ':' || each == '@') {
      out += each;
    } else {
      codec::percent_encode(std::string_view(&each, 1), out);
    }
  }
  return out;
}

Error refusal_of(std::uint16_t status) {
  if (status == 401 || status == 403) return Error{Code::AccessDenied, "xcap.status"};
  if (status == 404) return Error{Code::NotFound, "xcap.document"};
  if (status >= 500) return Error{Code::Unreachable, "xcap.status"};
  return Error{Code::Refused, "xcap.status"};
}

std::string_view unquoted(std::string_view etag) {
  return etag.size() >= 2 && etag.front() == '"' && etag.back() == '"' ? etag.substr(1, etag.size() - 2) : etag;
}

}  // namespace

std::string ConfigClient::root() const {
  std::string root = account_.setting("xcap_root");
  if (!root.empty() && !root.ends_with('/')) root += '/';
  return root;
}

std::string ConfigClient::path_of(std::string_view service, unsigned index) const {
  const bool is_mc = service == "mcptt" || service == "mcvideo" || service == "mcdata";
  const std::string usage = is_mc ? "org.3gpp." + std::string(service) + ".user-profile" : std::string(service);
  const std::string file = (is_mc ? std::string(service) + "-user-profile-" : "seal-user-profile-");
  return usage + "/users/" + segment(account_.identity()) + "/" + file + std::to_string(index) + ".xml";
}

Result<std::vector<std::string>> ConfigClient::directory() {
  http::ClientRequest request(http::Method::Get, root() + "org.openmobilealliance.xcap-directory/users/" +
                                                     segment(account_.identity()) + "/directory.xml");
  CLAVIGER_TRY(answer, account_.send_with_token(std::move(request)));
  if (answer.status != 200) return refusal_of(answer.status);
  CLAVIGER_TRY(tree, XmlTree::read(answer.body));
  if (!tree.root().is("xcap-directory", kDirectoryNamespace)) return Error{Code::ProtocolError, "xcap.directory"};
  std::vector<std::string> paths;
  const std::string own_root = root();
  for (const XmlElement folder : tree.root().children()) {
    for (const XmlElement entry : folder.children()) {
      std::string uri = entry.attribute("uri");
      // Only below the root that he was told of: nothing else gets his token.
      if (entry.is("entry", kDirectoryNamespace) && uri.starts_with(own_root))
        paths.push_back(uri.substr(own_root.size()));
    }
  }
  return paths;
}

Result<std::optional<ProfileDocument>> ConfigClient::fetch(const std::string& path) {
  http::ClientRequest request(http::Method::Get, root() + path);
  request.response_bytes_max = kDocumentBytesMax;
  if (const auto known = kept(path)) request.with("if-none-match", "\"" + known->etag + "\"");
  CLAVIGER_TRY(answer, account_.send_with_token(std::move(request)));
  if (answer.status == 304) return std::optional<ProfileDocument>();
  if (answer.status != 200) return refusal_of(answer.status);
  const std::string_view etag = unquoted(answer.header("etag"));
  if (etag.empty() || etag.find('\n') != std::string_view::npos) return Error{Code::ProtocolError, "xcap.etag"};
  return std::optional<ProfileDocument>(ProfileDocument{path, std::string(etag), std::move(answer.body)});
}

Result<Unit> ConfigClient::keep(const ProfileDocument& document) {
  std::string value = document.etag + "\n" + document.text;
  auto done = account_.vault().put_text(std::string(kKept) + document.path, value);
  wipe_text(value);
  return done;
}

void ConfigClient::forget(std::string_view path) { account_.vault().remove(std::string(kKept) + std::string(path)); }

std::optional<ProfileDocument> ConfigClient::kept(std::string_view path) const {
  const std::string_view value = account_.vault().text(std::string(kKept) + std::string(path));
  const std::size_t end = value.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  return ProfileDocument{std::string(path), std::string(value.substr(0, end)), std::string(value.substr(end + 1))};
}

std::vector<std::string> ConfigClient::kept_paths() const {
  std::vector<std::string> paths = account_.vault().names(kKept);
  for (std::string& each : paths) each.erase(0, kKept.size());
  return paths;
}

std::string ConfigClient::changes_url(int seconds) const {
  std::string query;
  std::size_t watched = 0;
  for (const std::string& path : kept_paths()) {
    const auto document = kept(path);
    if (document && watched++ < kWatchedMax)
      query += "document=" + encoded(path) + "&etag=" + encoded(document->etag) + "&";
  }
  if (query.empty()) return {};
  return root() + "changes?" + query + "wait=" + std::to_string(seconds);
}

Result<std::vector<DocumentChange>> read_changes(std::string_view text) {
  CLAVIGER_TRY(tree, XmlTree::read(text));
  if (!tree.root().is("xcap-diff", kDiffNamespace)) return Error{Code::ProtocolError, "xcap.diff"};
  std::vector<DocumentChange> changes;
  for (const XmlElement each : tree.root().children()) {
    if (!each.is("document", kDiffNamespace)) continue;
    DocumentChange change{each.attribute("sel"), each.attribute("previous-etag"), each.attribute("new-etag")};
    if (change.path.empty()) return Error{Code::ProtocolError, "xcap.diff"};
    changes.push_back(std::move(change));
  }
  return changes;
}

}  // namespace claviger::ue
