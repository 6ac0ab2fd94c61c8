#include "core/http/accept.h"

#include <gtest/gtest.h>

#include <vector>

namespace claviger::http {
namespace {

bool takes_json(const std::vector<std::string_view>& fields) {
  Request request;
  for (const std::string_view field : fields) request.add(Field::Accept, {name_of(Field::Accept), field});
  return accepts(request, {"application/json"});
}

TEST(Accept, TakesWhatSomeRangeTakes) {  // RFC 9110 clause 12.5.1
  EXPECT_TRUE(takes_json({}));
  for (const std::string_view field :
       {"*/*", "application/*", "application/json", "Application/JSON", "text/html, application/json;q=0.1",
        "text/html,\t*/* ; Q=1.000", "application/json; charset=utf-8", ",,application/json", "application/json;q=x"}) {
    EXPECT_TRUE(takes_json({field})) << field;
  }
  for (const std::string_view field : {"", ",", "text/html", "application/jso", "application/jsonx", "application",
                                       "/*", "*", "text/*", "application/json/x", "a/*;application/json"}) {
    EXPECT_FALSE(takes_json({field})) << field;
  }
}

TEST(Accept, AWeightOf0Refuses) {  // clause 12.4.2
  for (const std::string_view field : {"application/json;q=0", "application/json; q=0.000", "*/*;q=0",
                                       "application/json;charset=utf-8;q=0", "application/json;Q=0."}) {
    EXPECT_FALSE(takes_json({field})) << field;
  }
}

TEST(Accept, TheMostSpecificRangeCounts) {
  EXPECT_FALSE(takes_json({"application/json;q=0, */*"}));
  EXPECT_FALSE(takes_json({"*/*, application/*;q=0"}));
  EXPECT_TRUE(takes_json({"*/*;q=0, application/json"}));
  EXPECT_TRUE(takes_json({"application/*;q=0, application/json;q=0.5"}));
}

TEST(Accept, AllFieldsAreOneList) {  // RFC 9110 clause 5.3
  EXPECT_TRUE(takes_json({"application/json", "text/html"}));
  EXPECT_TRUE(takes_json({"text/html", "application/json"}));
  EXPECT_FALSE(takes_json({"*/*", "application/json;q=0"}));
}

TEST(Accept, OneOfSeveralNamesIsEnough) {
  Request request;
  request.add(Field::Accept, {name_of(Field::Accept), "text/xml, application/xml;q=0"});
  EXPECT_TRUE(accepts(request, {"application/xml", "text/xml"}));
  EXPECT_FALSE(accepts(request, {"application/xml"}));
}

}  // namespace
}  // namespace claviger::http
