// The JSON body of a request, which may hold secrets: sized once, so that no growth leaves a copy behind, and wiped at the
// end, as is what was read for it and what comes back when that holds secrets.
//
//   RequestBody body(invocation);
//   body.json().begin_object().member("name", "bravo");
//   if (!body.add_file("--jwks", "jwks")) return ExitStatus::Usage;
//   body.json().end_object();
//   invocation.ask("POST", *target, body.text());
#pragma once

#include <string>
#include <string_view>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/command.h"

namespace claviger::ctl {

// A text that held secrets: the whole of its memory.
void wipe_text(std::string& text);
// Wipes it when the scope ends, however it ends.
class WipedAtEnd {
 public:
  explicit WipedAtEnd(std::string& text) : text_(text) {}
  WipedAtEnd(const WipedAtEnd&) = delete;
  WipedAtEnd& operator=(const WipedAtEnd&) = delete;
  ~WipedAtEnd() { wipe_text(text_); }

 private:
  std::string& text_;
};

class RequestBody {
 public:
  // What one request to the daemon carries, escaped.
  static constexpr std::size_t kBytesMax = 256 * 1024;
  // A key set, or a CA or two; the daemon refuses larger ones itself.
  static constexpr std::size_t kFileBytesMax = 64 * 1024;

  explicit RequestBody(Invocation& invocation) : invocation_(invocation), json_(text_) { text_.reserve(kBytesMax); }
  RequestBody(const RequestBody&) = delete;
  RequestBody& operator=(const RequestBody&) = delete;
  ~RequestBody() { wipe_text(text_); }

  codec::JsonWriter<std::string>& json() { return json_; }
  const std::string& text() const { return text_; }

  // Each adds a member when the option was given. --scope "" is an empty list: takes all away.
  void add_list(std::string_view option, std::string_view member);
  // False: said why not.
  bool add_number(std::string_view option, std::string_view member);
  bool add_file(std::string_view option, std::string_view member);
  // A line of standard input: a secret.
  bool add_secret(std::string_view option, std::string_view member);

 private:
  Invocation& invocation_;
  std::string text_;
  codec::JsonWriter<std::string> json_;
};

// A whole file: empty when it cannot be read, is empty or larger than `bytes_max`. In memory of one piece, to be wiped.
std::string read_file(const std::string& name, std::size_t bytes_max);

}  // namespace claviger::ctl
