#include "broker/keys/kms_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <pugixml.hpp>

#include "broker/keys/date_time.h"
#include "broker/keys/domain.h"
#include "broker/keys/plain_request.h"
#include "core/codec/xml_guard.h"

namespace claviger::keys {
namespace {

// Longer ones are nobody's name or device (the largest seen is a UUID URN).
constexpr std::size_t kTextBytesMax = 512;
// As long as a request target may be (core/http/limits.h), with its origin.
constexpr std::size_t kUrlBytesMax = 9 * 1024;

// Intermediaries between two systems are two or three.
constexpr std::size_t kKrrDepthMax = 8;

Error schema(std::string_view where) { return {Code::XmlSchema, where}; }

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

// What the prefix (empty: none) stands for at `node`. The guard has seen to it that every prefix is bound.
std::string_view bound_at(const pugi::xml_node& node, std::string_view prefix) {
  const std::string declaration = prefix.empty() ? std::string("xmlns") : "xmlns:" + std::string(prefix);
  for (pugi::xml_node at = node; at; at = at.parent()) {
    if (const pugi::xml_attribute found = at.attribute(declaration.c_str())) return found.value();
  }
  return {};
}

std::string_view prefix_of(std::string_view name) {
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? std::string_view() : name.substr(0, colon);
}

std::string_view namespace_of(const pugi::xml_node& node) { return bound_at(node, prefix_of(node.name())); }

bool is(const pugi::xml_node& node, std::string_view name, std::string_view space) {
  return node.type() == pugi::node_element && local_name(node) == name && namespace_of(node) == space;
}

// The text of an element that has nothing else.
Result<std::string> text_of(const pugi::xml_node& node, std::size_t max) {
  std::string text;
  for (const pugi::xml_node part : node.children()) {
    if (part.type() != pugi::node_pcdata && part.type() != pugi::node_cdata) return schema("kms.text");
    text += part.value();
    if (text.size() > max) return schema("kms.text");
  }
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string::npos) return std::string();
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

struct StringWriter final : pugi::xml_writer {
  void write(const void* data, std::size_t size) override { text.append(static_cast<const char*>(data), size); }
  std::string text;
};

// How deep responses are nested in each other: each intermediary that rejects embeds the one it got (clause 5.2.8).
std::size_t krr_depth(const pugi::xml_node& response) {
  std::size_t deepest = 0;
  std::size_t depth = 0;
  // No recursion over input: down, aside and up.
  for (pugi::xml_node at = response; at;) {
    const bool is_response = is(at, "KmsRedirectResponse", kKrrNamespace);
    if (is_response) deepest = std::max(deepest, ++depth);
    if (at.first_child()) {
      at = at.first_child();
      continue;
    }
    while (true) {
      if (is(at, "KmsRedirectResponse", kKrrNamespace)) --depth;
      if (at == response || at.next_sibling()) break;
      at = at.parent();
    }
    at = at == response ? pugi::xml_node() : at.next_sibling();
  }
  return deepest;
}

// Declares at `part` what was declared above it and is used in it, so that it means the same alone. Nothing else: a signature of
// its own is over what its signer declared.
void take_declarations(pugi::xml_node part) {
  const auto need = [&part](const pugi::xml_node& at, std::string_view prefix) {
    const std::string declaration = prefix.empty() ? std::string("xmlns") : std::string("xmlns:").append(prefix);
    for (pugi::xml_node node = at;; node = node.parent()) {
      if (node.attribute(declaration.c_str())) return;
      if (node == part) break;
    }
    const std::string space(bound_at(part.parent(), prefix));
    if (!space.empty()) part.append_attribute(declaration.c_str()).set_value(space.c_str());
  };
  const auto look = [&need](const pugi::xml_node& node) {
    if (node.type() != pugi::node_element) return false;
    need(node, prefix_of(node.name()));
    for (const pugi::xml_attribute attribute : node.attributes()) {
      const std::string_view prefix = prefix_of(attribute.name());
      if (!prefix.empty() && prefix != "xmlns") need(node, prefix);
    }
    return false;
  };
  look(part);
  part.find_node(look);
}

// The one KmsRedirectResponse of a KrrList, kept as evidence; its own clauses are read by who looks at it (krr.h).
Result<std::string> read_krr(const pugi::xml_node& list) {
  pugi::xml_node found;
  for (const pugi::xml_node child : list.children()) {
    if (child.type() != pugi::node_element) continue;
    if (found || !is(child, "KmsRedirectResponse", kKrrNamespace)) return schema("kms.krr");
    found = child;
  }
  if (!found || krr_depth(found) > kKrrDepthMax) return schema("kms.krr");
  take_declarations(found);
  StringWriter writer;
  found.print(writer, "", pugi::format_raw);
  return std::move(writer.text);
}

Result<std::int64_t> read_client_error(const pugi::xml_node& node) {
  for (const pugi::xml_node child : node.children()) {
    if (!is(child, "ErrorCode", kKmsNamespace)) continue;
    CLAVIGER_TRY(text, text_of(child, kTextBytesMax));
    std::int64_t code = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), code);
    if (read.ec == std::errc() && read.ptr == text.data() + text.size()) return code;
  }
  return schema("kms.client_error");
}

struct TextField {
  std::string_view name;
  std::string KmsRequest::*member;
  std::size_t bytes_max;
  bool is_required;
};
constexpr std::array<TextField, 7> kTextFields{{{"UserUri", &KmsRequest::user_uri, kUriBytesMax, true},
                                                {"KmsUri", &KmsRequest::kms_uri, kUriBytesMax, true},
                                                {"ClientId", &KmsRequest::client_id, kTextBytesMax, false},
                                                {"DeviceId", &KmsRequest::device_id, kTextBytesMax, false},
                                                {"ClientReqUrl", &KmsRequest::client_req_url, kUrlBytesMax, true},
                                                {"TrK-ID", &KmsRequest::trk_id, kTextBytesMax, false},
                                                {"Signature-ID", &KmsRequest::signature_id, kTextBytesMax, false}}};

Result<bool> read_text_field(const pugi::xml_node& child, KmsRequest& request) {
  for (const TextField& field : kTextFields) {
    if (local_name(child) != field.name) continue;
    std::string& text = request.*field.member;
    if (!text.empty()) return schema(field.name);
    CLAVIGER_TRY(read, text_of(child, field.bytes_max));
    if (read.empty()) return schema(field.name);
    text = std::move(read);
    return true;
  }
  return false;
}

// In any order, as older clients differ; what we do not know is for others.
Result<KmsRequest> read_request(const pugi::xml_node& node) {
  KmsRequest request;
  bool has_time = false;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      const std::string_view text = child.value();
      if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) return schema("kms.request");
      continue;
    }
    if (child.type() != pugi::node_element || namespace_of(child) != kKmsNamespace) continue;
    CLAVIGER_TRY(is_text, read_text_field(child, request));
    if (is_text) continue;
    const std::string_view name = local_name(child);
    if (name == "Time") {
      CLAVIGER_TRY(text, text_of(child, kTextBytesMax));
      CLAVIGER_TRY(time, read_date_time(text));
      if (std::exchange(has_time, true)) return schema("Time");
      request.time = time;
    } else if (name == "KrrList") {
      if (!request.krr.empty()) return schema("KrrList");
      CLAVIGER_TRY(krr, read_krr(child));
      request.krr = std::move(krr);
    } else if (name == "ClientError") {
      if (request.client_error) return schema("ClientError");
      CLAVIGER_TRY(code, read_client_error(child));
      request.client_error = code;
    }
  }
  for (const TextField& field : kTextFields) {
    if (field.is_required && (request.*field.member).empty()) return schema(field.name);
  }
  if (!has_time) return schema("Time");
  return request;
}

// KeyInfo has one KeyName.
Result<SignatureClaim> read_signature(const pugi::xml_node& signature) {
  pugi::xml_node info;
  for (const pugi::xml_node child : signature.children()) {
    if (!is(child, "KeyInfo", kSignatureNamespace)) continue;
    if (info) return Error{Code::XmlSignature, "KeyInfo"};
    info = child;
  }
  SignatureClaim claim;
  for (const pugi::xml_node child : info.children()) {
    if (child.type() != pugi::node_element) continue;
    if (!claim.key_name.empty() || !is(child, "KeyName", kSignatureNamespace))
      return Error{Code::XmlSignature, "KeyInfo"};
    CLAVIGER_TRY(name, text_of(child, kTextBytesMax));
    claim.key_name = std::move(name);
  }
  if (claim.key_name.empty()) return Error{Code::XmlSignature, "KeyName"};
  return claim;
}

Result<KmsRequest> read_signed(const pugi::xml_node& root) {
  pugi::xml_node request;
  pugi::xml_node signature;
  for (const pugi::xml_node child : root.children()) {
    if (child.type() != pugi::node_element) continue;
    if (is(child, "KmsRequest", kKmsNamespace)) {
      if (request) return schema("SignedKmsRequest");
      request = child;
    } else if (!signature && is(child, "Signature", kSignatureNamespace)) {
      signature = child;
    } else {
      return Error{Code::XmlSignature, "SignedKmsRequest"};
    }
  }
  if (!request) return schema("SignedKmsRequest");
  if (!signature) return Error{Code::XmlSignature, "SignedKmsRequest"};
  CLAVIGER_TRY(claim, read_signature(signature));
  CLAVIGER_TRY(read, read_request(request));
  read.signature = std::move(claim);
  return read;
}

// In xsi:schemaLocation each second word says where a schema is; in xsi:noNamespaceSchemaLocation the one word does. The
// standard's own examples name a file there, which nobody fetches; an address is refused.
bool names_schema_address(const pugi::xml_node& node) {
  constexpr std::string_view kInstance = "http://www.w3.org/2001/XMLSchema-instance";
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const std::string_view name = attribute.name();
    const bool is_pairs = name.ends_with(":schemaLocation");
    if (!is_pairs && !name.ends_with(":noNamespaceSchemaLocation")) continue;
    if (bound_at(node, prefix_of(name)) != kInstance) continue;
    std::string_view rest = attribute.value();
    for (std::size_t word = 0; !rest.empty(); ++word) {
      const std::size_t begin = std::min(rest.find_first_not_of(" \t\r\n"), rest.size());
      rest.remove_prefix(begin);
      const std::string_view location = rest.substr(0, rest.find_first_of(" \t\r\n"));
      rest.remove_prefix(location.size());
      if ((!is_pairs || word % 2 == 1) && location.find(':') != std::string_view::npos) return true;
    }
  }
  return false;
}

// Spec row 2: what asks a processor to fetch something, wherever it stands. We never would; who sends it is told so.
bool asks_for_more(const pugi::xml_node& root) {
  constexpr std::string_view kInclusions = "http://www.w3.org/2001/XInclude";
  const auto is_asking = [&](const pugi::xml_node& node) {
    return names_schema_address(node) || is(node, "include", kInclusions);
  };
  return is_asking(root) || root.find_node(is_asking);
}

KmsRequest copy_of(const PlainRequest& plain) {
  KmsRequest request;
  request.user_uri = plain.user_uri;
  request.kms_uri = plain.kms_uri;
  request.time = plain.time;
  request.client_id = plain.client_id;
  request.device_id = plain.device_id;
  request.client_req_url = plain.client_req_url;
  request.trk_id = plain.trk_id;
  request.signature_id = plain.signature_id;
  return request;
}

}  // namespace

Result<KmsRequest> read_kms_request(std::string_view xml) {
  if (const auto plain = read_plain_request(xml)) return copy_of(*plain);
  if (const auto signed_one = read_plain_signed(xml)) {
    KmsRequest request = copy_of(signed_one->request);
    request.signature = SignatureClaim{std::string(signed_one->key_name)};
    return request;
  }
  return read_kms_tree(xml);
}

Result<KmsRequest> read_kms_tree(std::string_view xml) {
  CLAVIGER_TRY(guarded, codec::guard_xml(xml));
  pugi::xml_document document;
  if (!document.load_buffer(xml.data(), xml.size(), pugi::parse_default, pugi::encoding_utf8)) {
    return Error{Code::XmlSyntax, "kms.xml"};
  }
  const pugi::xml_node root = document.document_element();
  if (asks_for_more(root)) return schema("kms.fetch");
  if (is(root, "KmsRequest", kKmsNamespace)) return read_request(root);
  if (is(root, "SignedKmsRequest", kKmsNamespace)) return read_signed(root);
  return schema("kms.root");
}

}  // namespace claviger::keys
