// Links:

#include "../../native/env/id_table.h"

#include <cstddef>
#include <cstdint>
#include <vector>

#include "check.h"

using Table = uvnet::IdTable<int>;

TEST(AnIdFindsItsValueUntilItIsRemoved) {
  Table table;
  int one = 1;
  int two = 2;
  const int first = table.Add(&one);
  const int second = table.Add(&two);
  CHECK(table.Find(first) == &one);
  CHECK(table.Find(second) == &two);
  table.Replace(second, &one);
  CHECK(table.Find(second) == &one);
  table.Remove(first);
  CHECK(table.Find(first) == nullptr);
}

TEST(ASlotThatIsUsedAgainAnswersToAnotherId) {
  Table table;
  int value = 1;
  const int first = table.Add(&value);
  table.Remove(first);
  const int second = table.Add(&value);
  CHECK_EQ(Table::SlotOf(second), Table::SlotOf(first));
  CHECK(second != first);
  CHECK(table.Find(first) == nullptr);
  CHECK(table.Find(second) == &value);
}

TEST(IdsAreSmallIntegersHoweverOftenASlotIsUsed) {
  Table table;
  int value = 1;
  int id = -1;
  for (int i = 0; i < 2000; ++i) {
    id = table.Add(&value);
    CHECK(id >= 0 && id < (1 << Table::kIdBits));
    table.Remove(id);
  }
  CHECK_EQ(Table::SlotOf(id), size_t{0});
}

TEST(WhatIsNoIdFindsNothing) {
  Table table;
  int value = 1;
  table.Add(&value);
  for (const int id : {-1, 1, 1 << Table::kSlotBits, INT32_MAX, INT32_MIN}) {
    CHECK(table.Find(id) == nullptr);
  }
}

TEST(AFullTableTakesNoMore) {
  Table table;
  int value = 1;
  std::vector<int> ids;
  for (size_t i = 0; i < size_t{1} << Table::kSlotBits; ++i) ids.push_back(table.Add(&value));
  CHECK(ids.back() >= 0);
  CHECK(table.Add(&value) < 0);
  table.Remove(ids[7]);
  CHECK(table.Add(&value) >= 0);
  CHECK(table.Add(&value) < 0);
}

TEST(ForEachSeesWhatIsThere) {
  Table table;
  int values[] = {1, 2, 4};
  int ids[3];
  for (int i = 0; i < 3; ++i) ids[i] = table.Add(&values[i]);
  table.Remove(ids[1]);
  int sum = 0;
  table.ForEach([&](const int* value) { sum += *value; });
  CHECK_EQ(sum, 5);
}

int main() { return check::RunTests(); }
