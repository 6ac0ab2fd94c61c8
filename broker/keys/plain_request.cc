#include "broker/keys/plain_request.h"

#include <algorithm>
#include <array>

#include "broker/keys/date_time.h"
#include "broker/keys/domain.h"
#include "broker/keys/kms_request.h"

namespace claviger::keys {
namespace {

constexpr std::array<std::string_view, 3> kDeclarations{"<?xml version=\"1.0\" encoding=\"UTF-8\"?>",
                                                        "<?xml version=\"1.0\" encoding=\"utf-8\"?>",
                                                        "<?xml version=\"1.0\"?>"};
// As long as kms_request.cc takes them.
constexpr std::size_t kTextBytesMax = 512;

void skip_blanks(std::string_view& text) { text.remove_prefix(std::min(text.find_first_not_of(" \t\n"), text.size())); }

bool take(std::string_view& text, std::string_view expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(expected.size());
  return true;
}

bool is_letter(char character) {
  return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
}
bool is_name_character(char character) {
  return is_letter(character) || (character >= '0' && character <= '9') || character == '-' || character == '_';
}

std::string_view take_name(std::string_view& text) {
  const auto end = std::ranges::find_if_not(text, is_name_character);
  const auto size = static_cast<std::size_t>(end - text.begin());
  const std::string_view name = text.substr(0, size);
  text.remove_prefix(size);
  return name;
}

// What needs no unescaping and no thought about white space: printable ASCII without markup.
bool is_plain(std::string_view text) {
  if (text.empty() || text.front() == ' ' || text.back() == ' ') return false;
  return std::ranges::all_of(text, [](char character) {
    return character >= ' ' && character <= '~' && character != '<' && character != '>' && character != '&' &&
           character != '"';
  });
}

// The attributes of an element up to its '>': its namespace, declared here, and, each once at most, Id and Version.
struct Attributes {
  std::string_view space;
  std::string_view id;
  std::string_view version;
};
std::optional<Attributes> take_attributes(std::string_view& text, std::string_view space) {
  Attributes read;
  while (!take(text, ">")) {
    if (!take(text, " ")) return std::nullopt;
    const std::string_view name = take_name(text);
    std::string_view* into = name == "xmlns" ? &read.space : name == "Id" ? &read.id : &read.version;
    if ((into == &read.version && name != "Version") || !into->empty() || !take(text, "=\"")) return std::nullopt;
    const std::string_view value = text.substr(0, text.find('"'));
    if (value.size() == text.size() || value.size() > kTextBytesMax || !is_plain(value)) return std::nullopt;
    *into = value;
    text.remove_prefix(value.size() + 1);
  }
  if (read.space != space) return std::nullopt;
  return read;
}

// <name>text</name>, with blanks in front; empty: something else.
std::string_view take_text(std::string_view& text, std::string_view name) {
  skip_blanks(text);
  if (!take(text, "<") || !take(text, name) || !take(text, ">")) return {};
  const std::string_view value = text.substr(0, text.find('<'));
  text.remove_prefix(value.size());
  const bool is_good = is_plain(value) && take(text, "</") && take(text, name) && take(text, ">");
  return is_good ? value : std::string_view();
}

// With blanks in front.
bool take_tag(std::string_view& text, std::string_view tag) {
  skip_blanks(text);
  return take(text, tag);
}

struct Field {
  std::string_view name;
  std::string_view PlainRequest::*member;
  std::size_t bytes_max;
};
constexpr std::array<Field, 7> kFields{{{"UserUri", &PlainRequest::user_uri, kUriBytesMax},
                                        {"KmsUri", &PlainRequest::kms_uri, kUriBytesMax},
                                        {"ClientId", &PlainRequest::client_id, kTextBytesMax},
                                        {"DeviceId", &PlainRequest::device_id, kTextBytesMax},
                                        {"ClientReqUrl", &PlainRequest::client_req_url, 9 * 1024},
                                        {"TrK-ID", &PlainRequest::trk_id, kTextBytesMax},
                                        {"Signature-ID", &PlainRequest::signature_id, kTextBytesMax}}};

bool set_field(PlainRequest& request, bool& has_time, std::string_view name, std::string_view value) {
  if (name == "Time") {
    const auto time = read_date_time(value);
    if (!time || std::exchange(has_time, true)) return false;
    request.time = *time;
    return true;
  }
  const auto* field = std::ranges::find(kFields, name, &Field::name);
  if (field == kFields.end() || value.size() > field->bytes_max) return false;
  std::string_view& into = request.*field->member;
  if (!into.empty()) return false;
  into = value;
  return true;
}

// From <KmsRequest to its end tag.
struct TakenRequest {
  PlainRequest request;
  std::string_view id;
  std::string_view text;
};
std::optional<TakenRequest> take_request(std::string_view& xml) {
  const std::string_view before = xml;
  if (!take(xml, "<KmsRequest")) return std::nullopt;
  const auto attributes = take_attributes(xml, kKmsNamespace);
  if (!attributes) return std::nullopt;
  TakenRequest taken{{}, attributes->id, {}};
  PlainRequest& request = taken.request;
  bool has_time = false;
  while (!take_tag(xml, "</KmsRequest>")) {
    if (!xml.starts_with('<')) return std::nullopt;
    std::string_view ahead = xml.substr(1);
    const std::string_view name = take_name(ahead);
    const std::string_view value = name.empty() ? std::string_view() : take_text(xml, name);
    if (value.empty() || !set_field(request, has_time, name, value)) return std::nullopt;
  }
  taken.text = before.substr(0, before.size() - xml.size());
  const bool is_complete = !request.user_uri.empty() && !request.kms_uri.empty() && !request.client_req_url.empty();
  if (!is_complete || !has_time) return std::nullopt;
  return taken;
}

// What stands in SignedInfo, to the letter, around the reference and the digest.
constexpr std::string_view kMethods =
    "<CanonicalizationMethod Algorithm=\"http://www.w3.org/TR/2001/REC-xml-c14n-20010315\"></CanonicalizationMethod>"
    "<SignatureMethod Algorithm=\"http://www.w3.org/2001/04/xmldsig-more#hmac-sha256\"></SignatureMethod>";
constexpr std::string_view kDigestMethod =
    "<DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha256\"></DigestMethod>";

bool take_signed_info(std::string_view& xml, std::string_view id, PlainSigned& read) {
  const std::string_view before = xml;
  if (!take(xml, "<SignedInfo xmlns=\"") || !take(xml, kSignatureNamespace) || !take(xml, "\">") ||
      !take(xml, kMethods) || !take(xml, "<Reference URI=\"#") || !take(xml, id) || !take(xml, "\">") ||
      !take(xml, kDigestMethod)) {
    return false;
  }
  read.digest = take_text(xml, "DigestValue");
  if (read.digest.empty() || !take(xml, "</Reference></SignedInfo>")) return false;
  read.info_text = before.substr(0, before.size() - xml.size());
  return true;
}

void skip_declaration(std::string_view& xml) {
  for (const std::string_view declaration : kDeclarations) {
    if (take(xml, declaration)) break;
  }
  skip_blanks(xml);
}

}  // namespace

std::optional<PlainRequest> read_plain_request(std::string_view xml) {
  skip_declaration(xml);
  const auto taken = take_request(xml);
  skip_blanks(xml);
  if (!taken || !xml.empty()) return std::nullopt;
  return taken->request;
}

bool is_signed_form(std::string_view xml) {
  skip_declaration(xml);
  return xml.starts_with("<SignedKmsRequest");
}

std::optional<PlainSigned> read_plain_signed(std::string_view xml) {
  skip_declaration(xml);
  if (!take(xml, "<SignedKmsRequest")) return std::nullopt;
  const auto wrapper = take_attributes(xml, kKmsNamespace);
  if (!wrapper) return std::nullopt;
  skip_blanks(xml);
  const auto taken = take_request(xml);
  // The one element that has the Id that is signed.
  if (!taken || taken->id.empty() || taken->id == wrapper->id) return std::nullopt;
  PlainSigned read{taken->request, taken->text, {}, {}, {}, {}};
  if (!take_tag(xml, "<Signature xmlns=\"") || !take(xml, kSignatureNamespace) || !take(xml, "\">"))
    return std::nullopt;
  skip_blanks(xml);
  if (!take_signed_info(xml, taken->id, read)) return std::nullopt;
  read.value = take_text(xml, "SignatureValue");
  if (read.value.empty() || !take_tag(xml, "<KeyInfo>")) return std::nullopt;
  read.key_name = take_text(xml, "KeyName");
  if (read.key_name.empty() || read.key_name.size() > kTextBytesMax) return std::nullopt;
  if (!take_tag(xml, "</KeyInfo>") || !take_tag(xml, "</Signature>") || !take_tag(xml, "</SignedKmsRequest>")) {
    return std::nullopt;
  }
  skip_blanks(xml);
  if (!xml.empty()) return std::nullopt;
  return read;
}

}  // namespace claviger::keys
