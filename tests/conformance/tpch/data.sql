-- Deterministic data in the shape of TPC-H, small, and skewed so that each of the 22 queries answers rows.
-- pick(i, salt, n) is a number in [0, n) that depends on i and salt alone.
CREATE MACRO mixed(i, salt) AS ((((i + 1)::BIGINT * 2654435761 + salt * 97003) % 4294967291) * 40503 + 12345) % 4294967291;
CREATE MACRO pick(i, salt, n) AS ((mixed(mixed(i, salt) % 1000003, salt + 7)) // 11) % n;

CREATE TABLE region AS
SELECT i::INTEGER AS r_regionkey, ['AFRICA', 'AMERICA', 'ASIA', 'EUROPE', 'MIDDLE EAST'][i + 1] AS r_name,
       'region ' || i AS r_comment
FROM range(5) t(i);

CREATE TABLE nation AS
SELECT (row_number() OVER () - 1)::INTEGER AS n_nationkey, n.name AS n_name, n.region::INTEGER AS n_regionkey,
       'nation of region ' || n.region AS n_comment
FROM (VALUES ('ALGERIA', 0), ('ARGENTINA', 1), ('BRAZIL', 1), ('CANADA', 1), ('EGYPT', 4), ('ETHIOPIA', 0),
      ('FRANCE', 3), ('GERMANY', 3), ('INDIA', 2), ('INDONESIA', 2), ('IRAN', 4), ('IRAQ', 4), ('JAPAN', 2),
      ('JORDAN', 4), ('KENYA', 0), ('MOROCCO', 0), ('MOZAMBIQUE', 0), ('PERU', 1), ('CHINA', 2), ('ROMANIA', 3),
      ('SAUDI ARABIA', 4), ('VIETNAM', 2), ('RUSSIA', 3), ('UNITED KINGDOM', 3), ('UNITED STATES', 1)
     ) AS n(name, region);

CREATE TABLE supplier AS
SELECT (i + 1)::INTEGER AS s_suppkey, printf('Supplier#%09d', i + 1) AS s_name, 'address ' || pick(i, 1, 900) AS s_address,
       (i % 25)::INTEGER AS s_nationkey, printf('%d-%03d-%04d', 10 + i % 25, pick(i, 2, 900), pick(i, 3, 9000)) AS s_phone,
       (pick(i, 4, 1100000) / 100.0 - 1000)::DECIMAL(15, 2) AS s_acctbal,
       CASE WHEN i % 9 = 4 THEN 'the Customer had many Complaints' ELSE 'quiet ' || pick(i, 5, 99) END AS s_comment
FROM range(100) t(i);

CREATE TABLE customer AS
SELECT (i + 1)::INTEGER AS c_custkey, printf('Customer#%09d', i + 1) AS c_name, 'street ' || pick(i, 11, 900) AS c_address,
       pick(i, 12, 25)::INTEGER AS c_nationkey,
       printf('%d-%03d-%04d', 10 + pick(i, 12, 25), pick(i, 13, 900), pick(i, 14, 9000)) AS c_phone,
       (pick(i, 15, 1100000) / 100.0 - 1000)::DECIMAL(15, 2) AS c_acctbal,
       ['AUTOMOBILE', 'BUILDING', 'FURNITURE', 'MACHINERY', 'HOUSEHOLD'][pick(i, 16, 5) + 1] AS c_mktsegment,
       'comment ' || pick(i, 17, 999) AS c_comment
FROM range(600) t(i);

CREATE TABLE part AS
SELECT (i + 1)::INTEGER AS p_partkey,
       ['green', 'forest', 'ivory', 'azure', 'linen', 'peru'][pick(i, 21, 6) + 1] || ' '
           || ['green', 'snow', 'plum', 'tan'][pick(i, 22, 4) + 1] AS p_name,
       'Manufacturer#' || (pick(i, 23, 5) + 1) AS p_mfgr,
       CASE i % 10 WHEN 1 THEN 'Brand#23' WHEN 3 THEN 'Brand#12' WHEN 5 THEN 'Brand#34'
            ELSE 'Brand#' || (pick(i, 23, 5) + 1) || (pick(i, 24, 5) + 1) END AS p_brand,
       CASE WHEN i % 12 = 7 THEN 'ECONOMY ANODIZED STEEL'
            ELSE ['STANDARD', 'SMALL', 'MEDIUM', 'LARGE', 'ECONOMY', 'PROMO'][pick(i, 25, 6) + 1] || ' '
                 || ['ANODIZED', 'BURNISHED', 'PLATED', 'POLISHED', 'BRUSHED'][pick(i, 26, 5) + 1] || ' '
                 || ['TIN', 'NICKEL', 'BRASS', 'STEEL', 'COPPER'][pick(i, 27, 5) + 1] END AS p_type,
       CASE WHEN i % 10 IN (1, 3, 5) THEN 1 + pick(i, 28, 6) WHEN i % 4 = 0 THEN 15 ELSE 1 + pick(i, 28, 50) END::INTEGER AS p_size,
       CASE i % 10 WHEN 1 THEN ['MED BAG', 'MED BOX', 'MED PKG', 'MED PACK'][pick(i, 29, 4) + 1]
                   WHEN 3 THEN ['SM CASE', 'SM BOX', 'SM PACK', 'SM PKG'][pick(i, 29, 4) + 1]
                   WHEN 5 THEN ['LG CASE', 'LG BOX', 'LG PACK', 'LG PKG'][pick(i, 29, 4) + 1]
                   ELSE ['JUMBO JAR', 'WRAP CAN', 'WRAP DRUM'][pick(i, 29, 3) + 1] END AS p_container,
       (900 + pick(i, 30, 110000) / 100.0)::DECIMAL(15, 2) AS p_retailprice, 'part ' || i AS p_comment
FROM range(400) t(i);

CREATE TABLE partsupp AS
SELECT (i + 1)::INTEGER AS ps_partkey, ((i + j * 26) % 100 + 1)::INTEGER AS ps_suppkey,
       (1 + pick(i * 4 + j, 41, 9999))::INTEGER AS ps_availqty,
       (1 + pick(i * 4 + j, 42, 99900) / 100.0)::DECIMAL(15, 2) AS ps_supplycost, 'ps ' || i AS ps_comment
FROM range(400) t(i), range(4) s(j);

CREATE TABLE order_lines AS
SELECT i, (1 + 3 * pick(i, 51, 200) + pick(i, 52, 2))::INTEGER AS custkey,
       (DATE '1992-01-01' + pick(i, 53, 2400)::INTEGER) AS orderdate,
       CASE WHEN i % 97 = 5 THEN 7 ELSE 1 + pick(i, 54, 7) END AS lines
FROM range(5000) t(i);

CREATE TABLE lineitem AS
SELECT (i * 4 + 1)::INTEGER AS l_orderkey, (part + 1)::INTEGER AS l_partkey,
       ((part + pick(k, 62, 4) * 26) % 100 + 1)::INTEGER AS l_suppkey, (j + 1)::INTEGER AS l_linenumber,
       CASE WHEN i % 97 = 5 THEN 46 + pick(k, 63, 5) WHEN pick(k, 64, 8) = 0 THEN 1 + pick(k, 63, 5)
            ELSE 1 + pick(k, 63, 50) END::DECIMAL(15, 2) AS l_quantity,
       (1000 + pick(k, 65, 9000000) / 100.0)::DECIMAL(15, 2) AS l_extendedprice,
       (pick(k, 66, 11) / 100.0)::DECIMAL(15, 2) AS l_discount, (pick(k, 67, 9) / 100.0)::DECIMAL(15, 2) AS l_tax,
       CASE WHEN orderdate < DATE '1995-06-17' THEN ['R', 'A'][pick(k, 68, 2) + 1] ELSE 'N' END AS l_returnflag,
       CASE WHEN orderdate < DATE '1995-06-17' THEN 'F' ELSE 'O' END AS l_linestatus,
       orderdate + (1 + pick(k, 69, 121))::INTEGER AS l_shipdate, orderdate + (30 + pick(k, 70, 61))::INTEGER AS l_commitdate,
       orderdate + (2 + pick(k, 69, 121) + pick(k, 71, 30))::INTEGER AS l_receiptdate,
       ['DELIVER IN PERSON', 'COLLECT COD', 'NONE', 'TAKE BACK RETURN'][pick(k, 72, 4) + 1] AS l_shipinstruct,
       ['REG AIR', 'AIR', 'RAIL', 'SHIP', 'TRUCK', 'MAIL', 'FOB'][pick(k, 73, 7) + 1] AS l_shipmode, 'line ' || j AS l_comment
FROM (SELECT o.*, j, i * 8 + j AS k, pick(i * 8 + j, 61, 400) AS part FROM order_lines o, range(7) s(j) WHERE j < o.lines);

CREATE TABLE orders AS
SELECT (o.i * 4 + 1)::INTEGER AS o_orderkey, o.custkey AS o_custkey,
       CASE WHEN o.orderdate < DATE '1995-06-17' THEN 'F' WHEN o.i % 40 = 0 THEN 'P' ELSE 'O' END AS o_orderstatus,
       t.total::DECIMAL(15, 2) AS o_totalprice, o.orderdate AS o_orderdate,
       ['1-URGENT', '2-HIGH', '3-MEDIUM', '4-NOT SPECIFIED', '5-LOW'][pick(o.i, 81, 5) + 1] AS o_orderpriority,
       printf('Clerk#%09d', pick(o.i, 82, 50)) AS o_clerk, 0::INTEGER AS o_shippriority,
       CASE WHEN pick(o.i, 83, 6) = 0 THEN 'some special and odd requests' ELSE 'plain ' || o.i END AS o_comment
FROM order_lines o JOIN (SELECT l_orderkey, SUM(l_extendedprice) AS total FROM lineitem GROUP BY 1) t ON t.l_orderkey = o.i * 4 + 1;

DROP TABLE order_lines;
