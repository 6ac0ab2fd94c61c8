// Reads the members of one JSON object into fields of ours and remembers the first thing that is wrong: a member of
// another type, one that is missing, one that nobody asked for.
//
//   ObjectReader reader(object);
//   reader.read("login", draft.login).require("login");
//   if (auto wrong = reader.wrong()) co_return Answer(Code::BadValue, *wrong);
// A view of the object; used within one function.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/secret.h"
#include "core/codec/json_value.h"

namespace claviger::admin {

class ObjectReader {
 public:
  explicit ObjectReader(codec::JsonObject object) : object_(object) {}

  // A member that is absent leaves the field as it is; null is a wrong type.
  ObjectReader& read(std::string_view name, std::string& field);
  ObjectReader& read(std::string_view name, bool& field);
  ObjectReader& read(std::string_view name, std::optional<std::int64_t>& field);
  ObjectReader& read(std::string_view name, std::vector<std::string>& field);
  // Straight from the reader's buffer into a secret; the buffer is wiped by its owner.
  ObjectReader& read(std::string_view name, SecretBytes& field);
  ObjectReader& read(std::string_view name, std::vector<SecretBytes>& field);
  ObjectReader& require(std::string_view name);
  bool has(std::string_view name) { return find(name).has_value(); }

  // After everything was read.
  std::optional<std::string> wrong();

 private:
  std::optional<codec::JsonValue> find(std::string_view name);
  template <typename Text, typename Make>
  void read_texts(std::string_view name, std::vector<Text>& field, Make make);
  void fail(std::string_view name, std::string_view what);

  codec::JsonObject object_;
  std::vector<std::string_view> known_;
  std::optional<std::string> wrong_;
};

}  // namespace claviger::admin
