#include "tools/clavigerctl/request_body.h"

#include <openssl/crypto.h>

#include <charconv>
#include <fstream>

#include "tools/clavigerctl/terminal.h"

namespace claviger::ctl {

void wipe_text(std::string& text) {
  text.resize(text.capacity());
  OPENSSL_cleanse(text.data(), text.size());
  text.clear();
}

std::string read_file(const std::string& name, std::size_t bytes_max) {
  std::ifstream file(name, std::ios::binary);
  // The stream's own buffer would keep what it read.
  file.rdbuf()->pubsetbuf(nullptr, 0);
  std::string text(bytes_max + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  const auto size = static_cast<std::size_t>(file.gcount());
  if (!file.is_open() || file.bad() || size > bytes_max) {
    wipe_text(text);
    return {};
  }
  text.resize(size);
  return text;
}

void RequestBody::add_list(std::string_view option, std::string_view member) {
  if (!invocation_.args.has(option)) return;
  json_.name(member).begin_array();
  for (const std::string& value : invocation_.args.list(option)) {
    if (!value.empty()) json_.value(value);
  }
  json_.end_array();
}

bool RequestBody::add_number(std::string_view option, std::string_view member) {
  if (!invocation_.args.has(option)) return true;
  const std::string_view text = invocation_.args.get(option);
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) {
    invocation_.complain(std::string(option) + ": a number is expected");
    return false;
  }
  json_.member(member, number);
  return true;
}

bool RequestBody::add_file(std::string_view option, std::string_view member) {
  if (!invocation_.args.has(option)) return true;
  std::string text = read_file(std::string(invocation_.args.get(option)), kFileBytesMax);
  const WipedAtEnd wiped(text);
  if (text.empty()) {
    invocation_.complain(std::string(option) + ": the file cannot be read, is empty or larger than 64 KiB");
    return false;
  }
  json_.member(member, text);
  return true;
}

bool RequestBody::add_secret(std::string_view option, std::string_view member) {
  if (!invocation_.args.has(option)) return true;
  const auto secret = read_password_from_stdin();
  if (!secret) {
    invocation_.complain(std::string(option) + ": the secret cannot be read");
    return false;
  }
  json_.member(member, as_text(secret->reveal()));
  return true;
}

}  // namespace claviger::ctl
