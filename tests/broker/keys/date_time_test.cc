#include "broker/keys/date_time.h"

#include <gtest/gtest.h>

namespace claviger::keys {
namespace {

TEST(DateTime, WritesAndReadsBack) {
  EXPECT_EQ(write_date_time(1'393'144'754), "2014-02-23T08:39:14Z");
  EXPECT_EQ(write_date_time(0), "1970-01-01T00:00:00Z");
  EXPECT_EQ(*read_date_time("2014-02-23T08:39:14Z"), 1'393'144'754);
}

TEST(DateTime, ReadsZonesAndFractions) {
  EXPECT_EQ(*read_date_time("2014-02-23T09:39:14+01:00"), 1'393'144'754);
  EXPECT_EQ(*read_date_time("2014-02-23T03:09:14.250-05:30"), 1'393'144'754);
}

TEST(DateTime, TakesATimeWithoutZoneForUtc) {  // spec 11 row 12
  EXPECT_EQ(*read_date_time("2014-02-23T08:39:14"), 1'393'144'754);
}

TEST(DateTime, RefusesWhatIsNone) {
  for (const char* text :
       {"", "2014", "2014-02-30T00:00:00Z", "2014-13-01T00:00:00Z", "2014-02-23 08:39:14", "2014-02-23T24:00:01Z",
        "2014-02-23T08:39:14+1:00", "2014-02-23T08:39:14+15:00", "2014-02-23T08:39:14.Z", "2014-02-23T08:39:14ZZ",
        "-014-02-23T08:39:14Z", "2014-02-23T08:39:14+00:0x"}) {
    EXPECT_TRUE(read_date_time(text).failed_with(Code::XmlSchema)) << text;
  }
}

}  // namespace
}  // namespace claviger::keys
