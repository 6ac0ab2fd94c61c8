// Figures in Prometheus's text format (0.0.4): of each metric "# HELP", "# TYPE", then its samples; names claviger_*.
//
// Owned by whoever writes an answer.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace claviger::admin {

class Exposition {
 public:
  void begin(std::string_view name, std::string_view type, std::string_view help) {
    name_ = name;
    append({"# HELP claviger_", name, " ", help, "\n# TYPE claviger_", name, " ", type, "\n"});
  }
  // `labels`: "grant=\"refresh_token\"", or empty. Label values of ours need no escaping but a listener's path.
  void sample(std::string_view labels, std::uint64_t value) { sample_of("", labels, std::to_string(value)); }
  void one(std::string_view name, std::string_view type, std::string_view help, std::uint64_t value) {
    begin(name, type, help);
    sample({}, value);
  }
  void sample_of(std::string_view suffix, std::string_view labels, std::string_view value) {
    append({"claviger_", name_, suffix});
    if (!labels.empty()) append({"{", labels, "}"});
    append({" ", value, "\n"});
  }
  std::string take() { return std::move(text_); }

 private:
  void append(std::initializer_list<std::string_view> pieces) {
    for (const std::string_view piece : pieces) text_ += piece;
  }
  std::string text_;
  std::string name_;
};

// name="value" of a sample, escaped.
inline std::string label(std::string_view name, std::string_view value) {
  std::string text(name);
  text += "=\"";
  for (const char character : value) {
    if (character == '"' || character == '\\') text += '\\';
    text += character == '\n' ? ' ' : character;
  }
  return text + "\"";
}

}  // namespace claviger::admin
