#include "tools/clavigerctl/request_body.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>

namespace claviger::ctl {
namespace {

struct TemporaryFile {
  explicit TemporaryFile(std::string_view text) {
    const int descriptor = mkstemp(name.data());
    EXPECT_GE(descriptor, 0);
    close(descriptor);
    std::ofstream(name, std::ios::binary) << text;
  }
  ~TemporaryFile() { unlink(name.c_str()); }
  std::string name = ::testing::TempDir() + "request_body_XXXXXX";
};

Invocation invocation_with(std::string option, std::vector<std::string> values) {
  Arguments arguments;
  arguments.values.emplace(std::move(option), std::move(values));
  return Invocation(std::move(arguments), AdminClient("nowhere"));
}

TEST(RequestBody, AddsWhatWasSaid) {
  Invocation invocation = invocation_with("--scope", {"a", "", "b"});
  RequestBody body(invocation);
  body.json().begin_object();
  body.add_list("--scope", "scopes");
  body.add_list("--domain", "domains");
  EXPECT_TRUE(body.add_number("--period", "period"));
  EXPECT_TRUE(body.add_file("--jwks", "jwks"));
  EXPECT_TRUE(body.add_secret("--key-stdin", "key"));
  body.json().end_object();
  EXPECT_EQ(body.text(), R"({"scopes":["a","b"]})");
}

TEST(RequestBody, AnEmptyListTakesAllAway) {
  Invocation invocation = invocation_with("--scope", {""});
  RequestBody body(invocation);
  body.json().begin_object();
  body.add_list("--scope", "scopes");
  body.json().end_object();
  EXPECT_EQ(body.text(), R"({"scopes":[]})");
}

TEST(RequestBody, NumbersAndFilesAreChecked) {
  for (const char* bad : {"", "x", "1x", "99999999999999999999"}) {
    Invocation invocation = invocation_with("--period", {bad});
    RequestBody body(invocation);
    body.json().begin_object();
    EXPECT_FALSE(body.add_number("--period", "period")) << bad;
  }
  const TemporaryFile good("{\"keys\":[]}");
  const TemporaryFile empty("");
  const TemporaryFile large(std::string(RequestBody::kFileBytesMax + 1, 'x'));
  for (const auto& [name, is_good] : {std::pair{good.name, true}, std::pair{empty.name, false},
                                      std::pair{large.name, false}, std::pair{good.name + "x", false}}) {
    Invocation invocation = invocation_with("--jwks", {name});
    RequestBody body(invocation);
    body.json().begin_object();
    EXPECT_EQ(body.add_file("--jwks", "jwks"), is_good) << name;
  }
}

TEST(RequestBody, TextsAreWiped) {
  std::string text = "a secret that is longer than what a string holds in itself";
  { const WipedAtEnd wiped(text); }
  EXPECT_TRUE(text.empty());
  text.resize(58);  // what stood there
  EXPECT_EQ(text, std::string(58, '\0'));
}

}  // namespace
}  // namespace claviger::ctl
