-- Deterministic retail data with the tables and columns of TPC-DS, small, with NULL foreign keys, rows that repeat and
-- ties, and skewed so that every query of the suite answers rows.
-- pick(i, salt, n) is a number in [0, n) that depends on i and salt alone; maybe(i, salt, share, x) is x, or NULL once in
-- `share` rows; word(i, salt, list) is an element of the list.
CREATE MACRO mixed(i, salt) AS ((((i + 1)::BIGINT * 2654435761 + salt * 97003) % 4294967291) * 40503 + 12345) % 4294967291;
CREATE MACRO pick(i, salt, n) AS ((mixed(mixed(i, salt) % 1000003, salt + 7)) // 11) % n;
CREATE MACRO maybe(i, salt, share, x) AS CASE WHEN pick(i, salt, share) = 0 THEN NULL ELSE x END;
CREATE MACRO word(i, salt, list) AS list[pick(i, salt, len(list)) + 1];
CREATE MACRO money(i, salt, low, high) AS (low + pick(i, salt, ((high - low) * 100)::BIGINT) / 100.0)::DECIMAL(7, 2);

-- ------------------------------------------------------------------ dimensions

CREATE TABLE date_dim AS
SELECT (2450815 + i)::INTEGER AS d_date_sk, printf('AAAAAAAA%08d', i) AS d_date_id, day AS d_date,
       ((year(day) - 1900) * 12 + month(day) - 1)::INTEGER AS d_month_seq, ((i + 3) // 7 + 5114)::INTEGER AS d_week_seq,
       year(day)::INTEGER AS d_year, dayofweek(day)::INTEGER AS d_dow, month(day)::INTEGER AS d_moy,
       day(day)::INTEGER AS d_dom, quarter(day)::INTEGER AS d_qoy, dayname(day) AS d_day_name,
       year(day) || 'Q' || quarter(day) AS d_quarter_name,
       CASE WHEN month(day) = 12 AND day(day) = 25 THEN 'Y' ELSE 'N' END AS d_holiday,
       CASE WHEN dayofweek(day) IN (0, 6) THEN 'Y' ELSE 'N' END AS d_weekend
FROM (SELECT i, (DATE '1998-01-01' + i::INTEGER) AS day FROM range(1826) t(i));

CREATE TABLE time_dim AS
SELECT (i * 60)::INTEGER AS t_time_sk, (i // 60)::INTEGER AS t_hour, (i % 60)::INTEGER AS t_minute,
       CASE WHEN i < 720 THEN 'AM' ELSE 'PM' END AS t_am_pm, ['third', 'first', 'second'][(i // 480)::INTEGER + 1] AS t_shift,
       CASE WHEN i // 60 BETWEEN 6 AND 8 THEN 'breakfast' WHEN i // 60 BETWEEN 12 AND 13 THEN 'lunch'
            WHEN i // 60 BETWEEN 17 AND 20 THEN 'dinner' END AS t_meal_time
FROM range(1440) t(i);

CREATE TABLE item AS
SELECT (i + 1)::INTEGER AS i_item_sk, printf('AAAAAAAA%06d', i // 2) AS i_item_id,
       maybe(i, 1, 12, 'Goods of kind ' || pick(i, 2, 30) || ' for ' || word(i, 3, ['home', 'work', 'travel'])) AS i_item_desc,
       maybe(i, 4, 15, money(i, 5, 1, 99)) AS i_current_price, money(i, 6, 1, 60) AS i_wholesale_cost,
       (1001001 + pick(i, 7, 12))::INTEGER AS i_brand_id, 'brand #' || (pick(i, 7, 12) + 1) AS i_brand,
       (1 + pick(i, 8, 4))::INTEGER AS i_class_id,
       ['classic', 'modern', 'sport', 'kids'][pick(i, 8, 4) + 1] AS i_class, (1 + pick(i, 9, 5))::INTEGER AS i_category_id,
       maybe(i, 10, 20, ['Books', 'Music', 'Sports', 'Home', 'Jewelry'][pick(i, 9, 5) + 1]) AS i_category,
       (1 + pick(i, 11, 20))::INTEGER AS i_manufact_id, 'maker' || pick(i, 11, 20) AS i_manufact,
       (1 + pick(i, 12, 10))::INTEGER AS i_manager_id, word(i, 13, ['small', 'medium', 'large', 'extra large', 'N/A']) AS i_size,
       maybe(i, 14, 15, word(i, 15, ['red', 'blue', 'green', 'navy', 'plum', 'ivory'])) AS i_color,
       word(i, 16, ['Each', 'Dozen', 'Case', 'Pound']) AS i_units, 'product ' || (i + 1) AS i_product_name
FROM range(120) t(i);

CREATE TABLE customer_demographics AS
SELECT (i + 1)::INTEGER AS cd_demo_sk, ['M', 'F'][(i % 2)::INTEGER + 1] AS cd_gender,
       ['M', 'S', 'D', 'W', 'U'][(i // 2 % 5)::INTEGER + 1] AS cd_marital_status,
       ['Primary', 'Secondary', 'College', '2 yr Degree', '4 yr Degree', 'Advanced Degree', 'Unknown'][(i // 10 % 7)::INTEGER + 1]
           AS cd_education_status,
       (500 * (1 + i // 70))::INTEGER AS cd_purchase_estimate, word(i, 21, ['Low Risk', 'Good', 'High Risk']) AS cd_credit_rating,
       pick(i, 22, 4)::INTEGER AS cd_dep_count
FROM range(140) t(i);

CREATE TABLE income_band AS
SELECT (i + 1)::INTEGER AS ib_income_band_sk, (i * 10000)::INTEGER AS ib_lower_bound, ((i + 1) * 10000)::INTEGER AS ib_upper_bound
FROM range(10) t(i);

CREATE TABLE household_demographics AS
SELECT (i + 1)::INTEGER AS hd_demo_sk, (1 + i % 10)::INTEGER AS hd_income_band_sk,
       ['>10000', '5001-10000', '1001-5000', 'Unknown'][(i % 4)::INTEGER + 1] AS hd_buy_potential,
       (i // 4 % 6)::INTEGER AS hd_dep_count, (i // 12 % 5 - 1)::INTEGER AS hd_vehicle_count
FROM range(60) t(i);

CREATE TABLE customer_address AS
SELECT (i + 1)::INTEGER AS ca_address_sk, (10 + pick(i, 31, 890))::VARCHAR AS ca_street_number,
       word(i, 32, ['Oak', 'Main', 'Park', 'Hill']) || ' ' || word(i, 33, ['Street', 'Ave', 'Lane']) AS ca_street_name,
       maybe(i, 34, 14, word(i, 35, ['Midway', 'Fairview', 'Oakland', 'Salem', 'Union', 'Midway'])) AS ca_city,
       word(i, 36, ['Ziebach County', 'Walker County', 'Daviess County', 'Barrow County']) AS ca_county,
       maybe(i, 37, 18, word(i, 38, ['TN', 'GA', 'TX', 'OH', 'CA', 'WA'])) AS ca_state,
       printf('%05d', 24000 + pick(i, 39, 60) * 113) AS ca_zip, 'United States' AS ca_country,
       (-5 - pick(i, 40, 4))::DECIMAL(5, 2) AS ca_gmt_offset
FROM range(150) t(i);

CREATE TABLE customer AS
SELECT (i + 1)::INTEGER AS c_customer_sk, printf('CUST%012d', i + 1) AS c_customer_id,
       maybe(i, 41, 16, (1 + pick(i, 42, 140))::INTEGER) AS c_current_cdemo_sk,
       maybe(i, 43, 16, (1 + pick(i, 44, 60))::INTEGER) AS c_current_hdemo_sk, (1 + pick(i, 45, 150))::INTEGER AS c_current_addr_sk,
       maybe(i, 46, 20, word(i, 47, ['Mr.', 'Mrs.', 'Ms.', 'Dr.'])) AS c_salutation,
       maybe(i, 48, 15, word(i, 49, ['Ann', 'Bob', 'Cara', 'Dan', 'Eva', 'Finn', 'Gus'])) AS c_first_name,
       maybe(i, 50, 15, word(i, 51, ['Smith', 'Jones', 'Brown', 'Lee', 'O''Hara'])) AS c_last_name,
       word(i, 52, ['Y', 'N']) AS c_preferred_cust_flag, maybe(i, 53, 20, (1 + pick(i, 54, 12))::INTEGER) AS c_birth_month,
       maybe(i, 55, 20, (1940 + pick(i, 56, 50))::INTEGER) AS c_birth_year,
       word(i, 57, ['CHILE', 'NORWAY', 'KENYA', 'JAPAN']) AS c_birth_country,
       maybe(i, 58, 10, 'c' || i || '@' || word(i, 59, ['example.com', 'shop.example', 'mail.test'])) AS c_email_address,
       (2450815 + pick(i, 60, 900))::INTEGER AS c_first_sales_date_sk
FROM range(300) t(i);

CREATE TABLE store AS
SELECT (i + 1)::INTEGER AS s_store_sk, printf('STORE%04d', i // 2) AS s_store_id, ['ought', 'able', 'bar', 'able'][(i % 4)::INTEGER + 1] AS s_store_name,
       (200 + pick(i, 61, 100))::INTEGER AS s_number_employees, maybe(i, 62, 4, (5000000 + pick(i, 63, 4000000))::INTEGER) AS s_floor_space,
       ['Midway', 'Fairview', 'Salem'][(i % 3)::INTEGER + 1] AS s_city, ['Ziebach County', 'Walker County'][(i % 2)::INTEGER + 1] AS s_county,
       ['TN', 'GA', 'TX'][(i % 3)::INTEGER + 1] AS s_state, printf('%05d', 24000 + pick(i, 64, 60) * 113) AS s_zip,
       (1 + i % 3)::INTEGER AS s_market_id, (-5)::DECIMAL(5, 2) AS s_gmt_offset
FROM range(9) t(i);

CREATE TABLE warehouse AS
SELECT (i + 1)::INTEGER AS w_warehouse_sk, CASE WHEN i < 3 THEN 'Warehouse ' || (i + 1) || ' of the north' END AS w_warehouse_name,
       (50000 * (i + 1))::INTEGER AS w_warehouse_sq_ft, ['Midway', 'Fairview'][(i % 2)::INTEGER + 1] AS w_city, ['TN', 'GA'][(i % 2)::INTEGER + 1] AS w_state
FROM range(4) t(i);

CREATE TABLE promotion AS
SELECT (i + 1)::INTEGER AS p_promo_sk, printf('PROMO%04d', i) AS p_promo_id, word(i, 71, ['ese', 'anti', 'ought']) AS p_promo_name,
       word(i, 72, ['Y', 'N']) AS p_channel_email, word(i, 73, ['Y', 'N', 'N']) AS p_channel_tv, word(i, 74, ['Y', 'N']) AS p_channel_event
FROM range(15) t(i);

CREATE TABLE reason AS
SELECT (i + 1)::INTEGER AS r_reason_sk, ['did not fit', 'found a better price', 'broken', 'late', 'gift', 'no reason'][(i)::INTEGER + 1] AS r_reason_desc
FROM range(6) t(i);

CREATE TABLE ship_mode AS
SELECT (i + 1)::INTEGER AS sm_ship_mode_sk, ['EXPRESS', 'OVERNIGHT', 'REGULAR'][(i % 3)::INTEGER + 1] AS sm_type,
       ['UPS', 'FEDEX', 'AIRBORNE', 'DHL'][(i % 4)::INTEGER + 1] AS sm_carrier
FROM range(6) t(i);

CREATE TABLE call_center AS
SELECT (i + 1)::INTEGER AS cc_call_center_sk, ['NY Metro', 'Mid Atlantic', 'North'][(i)::INTEGER + 1] AS cc_name, ['Ann', NULL, 'Bob'][(i)::INTEGER + 1] AS cc_manager
FROM range(3) t(i);

CREATE TABLE web_site AS
SELECT (i + 1)::INTEGER AS web_site_sk, 'site_' || (i // 2) AS web_name, ['pri', 'able'][(i % 2)::INTEGER + 1] AS web_company_name FROM range(4) t(i);

CREATE TABLE web_page AS
SELECT (i + 1)::INTEGER AS wp_web_page_sk, (3000 + pick(i, 75, 3000))::INTEGER AS wp_char_count FROM range(6) t(i);

-- ------------------------------------------------------------------ facts

CREATE TABLE store_sales AS
SELECT maybe(o, 101, 30, (2450815 + pick(o, 102, 1826))::INTEGER) AS ss_sold_date_sk,
       maybe(o, 103, 40, (60 * (480 + pick(o, 104, 800)))::INTEGER) AS ss_sold_time_sk, (1 + pick(i, 105, 120))::INTEGER AS ss_item_sk,
       maybe(o, 106, 25, (1 + pick(o, 107, 260))::INTEGER) AS ss_customer_sk, maybe(o, 108, 25, (1 + pick(o, 109, 140))::INTEGER) AS ss_cdemo_sk,
       maybe(o, 110, 25, (1 + pick(o, 111, 60))::INTEGER) AS ss_hdemo_sk, maybe(o, 112, 25, (1 + pick(o, 113, 150))::INTEGER) AS ss_addr_sk,
       maybe(o, 114, 25, (1 + pick(o, 115, 8))::INTEGER) AS ss_store_sk, maybe(i, 116, 4, (1 + pick(i, 117, 15))::INTEGER) AS ss_promo_sk,
       (o + 1)::INTEGER AS ss_ticket_number, maybe(i, 118, 30, (1 + pick(i, 119, 100))::INTEGER) AS ss_quantity,
       money(i, 120, 1, 80) AS ss_wholesale_cost, money(i, 121, 2, 120) AS ss_list_price, maybe(i, 122, 30, money(i, 123, 1, 100)) AS ss_sales_price,
       CASE WHEN pick(i, 124, 3) = 0 THEN money(i, 125, 0, 200) ELSE 0 END::DECIMAL(7, 2) AS ss_coupon_amt,
       maybe(i, 126, 30, money(i, 127, 0, 4000)) AS ss_ext_sales_price, money(i, 128, 0, 400) AS ss_ext_discount_amt,
       maybe(i, 129, 40, (pick(i, 130, 400000) / 100.0 - 1500)::DECIMAL(7, 2)) AS ss_net_profit, money(i, 131, 10, 4000) AS ss_net_paid
FROM (SELECT i, i // 4 AS o FROM range(6000) t(i));

CREATE TABLE store_returns AS
SELECT ss_sold_date_sk + (1 + pick(k, 141, 90))::INTEGER AS sr_returned_date_sk, ss_item_sk AS sr_item_sk, ss_customer_sk AS sr_customer_sk,
       ss_store_sk AS sr_store_sk, maybe(k, 142, 9, (1 + pick(k, 143, 6))::INTEGER) AS sr_reason_sk, ss_ticket_number AS sr_ticket_number,
       (1 + pick(k, 144, 20))::INTEGER AS sr_return_quantity, maybe(k, 145, 12, money(k, 146, 1, 900)) AS sr_return_amt,
       money(k, 147, 0, 500) AS sr_net_loss
FROM (SELECT s.*, ss_ticket_number * 131 + ss_item_sk AS k FROM store_sales s WHERE pick(ss_ticket_number * 131 + ss_item_sk, 148, 6) = 0);

CREATE TABLE catalog_sales AS
SELECT maybe(o, 161, 30, CASE WHEN i % 5 = 0 THEN s.ss_sold_date_sk + 40 ELSE 2450815 + pick(o, 162, 1700) END::INTEGER) AS cs_sold_date_sk,
       (2450820 + pick(o, 162, 1700) + pick(i, 163, 130))::INTEGER AS cs_ship_date_sk,
       CASE WHEN i % 5 = 0 THEN s.ss_customer_sk ELSE maybe(o, 164, 25, 1 + pick(o, 165, 280)) END::INTEGER AS cs_bill_customer_sk,
       maybe(o, 166, 25, (1 + pick(o, 167, 140))::INTEGER) AS cs_bill_cdemo_sk, maybe(o, 168, 25, (1 + pick(o, 169, 150))::INTEGER) AS cs_ship_addr_sk,
       maybe(o, 170, 25, (1 + pick(o, 171, 3))::INTEGER) AS cs_call_center_sk, (1 + pick(o, 172, 6))::INTEGER AS cs_ship_mode_sk,
       maybe(i, 173, 25, (1 + pick(i, 174, 4))::INTEGER) AS cs_warehouse_sk,
       CASE WHEN i % 5 = 0 THEN s.ss_item_sk ELSE 1 + pick(i, 175, 120) END::INTEGER AS cs_item_sk,
       maybe(i, 176, 4, (1 + pick(i, 177, 15))::INTEGER) AS cs_promo_sk, (o + 1)::INTEGER AS cs_order_number,
       maybe(i, 178, 30, (1 + pick(i, 179, 100))::INTEGER) AS cs_quantity, money(i, 180, 1, 80) AS cs_wholesale_cost,
       money(i, 181, 2, 150) AS cs_list_price, money(i, 182, 1, 120) AS cs_sales_price, money(i, 183, 0, 500) AS cs_ext_discount_amt,
       maybe(i, 184, 30, money(i, 185, 0, 5000)) AS cs_ext_sales_price, money(i, 186, 0, 200) AS cs_ext_ship_cost,
       (pick(i, 187, 400000) / 100.0 - 1500)::DECIMAL(7, 2) AS cs_net_profit, money(i, 188, 10, 5000) AS cs_net_paid
FROM (SELECT i, i // 3 AS o FROM range(4000) t(i)) n
JOIN (SELECT (row_number() OVER (ORDER BY ss_ticket_number, ss_item_sk, ss_list_price, ss_net_paid) - 1) AS at, * FROM store_sales) s ON s.at = n.i;

CREATE TABLE catalog_returns AS
SELECT (cs_ship_date_sk + 1 + pick(k, 201, 60))::INTEGER AS cr_returned_date_sk, cs_item_sk AS cr_item_sk, cs_bill_customer_sk AS cr_returning_customer_sk,
       cs_call_center_sk AS cr_call_center_sk, cs_order_number AS cr_order_number, (1 + pick(k, 202, 20))::INTEGER AS cr_return_quantity,
       maybe(k, 203, 12, money(k, 204, 1, 900)) AS cr_return_amount, money(k, 205, 0, 500) AS cr_net_loss
FROM (SELECT s.*, cs_order_number * 131 + cs_item_sk AS k FROM catalog_sales s WHERE pick(cs_order_number * 131 + cs_item_sk, 206, 6) = 0);

CREATE TABLE web_sales AS
SELECT maybe(o, 221, 30, (2450815 + pick(o, 222, 1700))::INTEGER) AS ws_sold_date_sk, maybe(o, 223, 40, (60 * (480 + pick(o, 224, 800)))::INTEGER) AS ws_sold_time_sk,
       (2450820 + pick(o, 222, 1700) + pick(i, 225, 130))::INTEGER AS ws_ship_date_sk, (1 + pick(i, 226, 120))::INTEGER AS ws_item_sk,
       maybe(o, 227, 25, (1 + pick(o, 228, 270))::INTEGER) AS ws_bill_customer_sk, maybe(o, 229, 25, (1 + pick(o, 230, 150))::INTEGER) AS ws_ship_addr_sk,
       maybe(i, 231, 25, (1 + pick(i, 232, 6))::INTEGER) AS ws_web_page_sk, maybe(o, 233, 25, (1 + pick(o, 234, 4))::INTEGER) AS ws_web_site_sk,
       (1 + pick(o, 235, 6))::INTEGER AS ws_ship_mode_sk, maybe(i, 236, 25, (1 + pick(i, 237, 4))::INTEGER) AS ws_warehouse_sk,
       maybe(i, 238, 4, (1 + pick(i, 239, 15))::INTEGER) AS ws_promo_sk, (o + 1)::INTEGER AS ws_order_number,
       maybe(i, 240, 30, (1 + pick(i, 241, 100))::INTEGER) AS ws_quantity, money(i, 242, 1, 80) AS ws_wholesale_cost, money(i, 243, 2, 150) AS ws_list_price,
       money(i, 244, 1, 120) AS ws_sales_price, money(i, 245, 0, 500) AS ws_ext_discount_amt, maybe(i, 246, 30, money(i, 247, 0, 5000)) AS ws_ext_sales_price,
       money(i, 248, 0, 200) AS ws_ext_ship_cost, (pick(i, 249, 400000) / 100.0 - 1500)::DECIMAL(7, 2) AS ws_net_profit, money(i, 250, 10, 5000) AS ws_net_paid
FROM (SELECT i, i // 3 AS o FROM range(3000) t(i));

CREATE TABLE web_returns AS
SELECT (ws_ship_date_sk + 1 + pick(k, 261, 60))::INTEGER AS wr_returned_date_sk, ws_item_sk AS wr_item_sk, ws_bill_customer_sk AS wr_returning_customer_sk,
       maybe(k, 262, 9, (1 + pick(k, 263, 6))::INTEGER) AS wr_reason_sk, ws_order_number AS wr_order_number, (1 + pick(k, 264, 20))::INTEGER AS wr_return_quantity,
       maybe(k, 265, 12, money(k, 266, 1, 900)) AS wr_return_amt, money(k, 267, 0, 500) AS wr_net_loss
FROM (SELECT s.*, ws_order_number * 131 + ws_item_sk AS k FROM web_sales s WHERE pick(ws_order_number * 131 + ws_item_sk, 268, 6) = 0);

CREATE TABLE inventory AS
SELECT (2451180 + 7 * w)::INTEGER AS inv_date_sk, (1 + 3 * i)::INTEGER AS inv_item_sk, (h + 1)::INTEGER AS inv_warehouse_sk,
       maybe(w * 200 + i * 4 + h, 281, 20, pick(w * 200 + i * 4 + h, 282, 900)::INTEGER) AS inv_quantity_on_hand
FROM range(52) weeks(w), range(30) items(i), range(4) houses(h);

-- Rows that are there twice.
INSERT INTO store_sales SELECT * FROM store_sales WHERE ss_ticket_number % 211 = 0;
INSERT INTO web_sales SELECT * FROM web_sales WHERE ws_order_number % 97 = 0;

DROP MACRO money;
DROP MACRO word;
DROP MACRO maybe;
DROP MACRO pick;
DROP MACRO mixed;
