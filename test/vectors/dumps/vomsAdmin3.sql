-- MySQL dump 10.19  Distrib 10.11.6-MariaDB, for debian-linux-gnu (x86_64)
--
-- Host: localhost    Database: voms_small
-- ------------------------------------------------------
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!40101 SET NAMES utf8mb4 */;
/*!40103 SET TIME_ZONE='+00:00' */;
/*!40101 SET @OLD_SQL_MODE=@@SQL_MODE, SQL_MODE='NO_AUTO_VALUE_ON_ZERO' */;

--
-- Table structure for table `acl2`
--

DROP TABLE IF EXISTS `acl2`;
CREATE TABLE `acl2` (
  `acl_id` bigint(20) NOT NULL,
  `group_id` bigint(20) NOT NULL,
  `defaultACL` bit(1) NOT NULL,
  `role_id` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`acl_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `acl2` WRITE;
/*!40000 ALTER TABLE `acl2` DISABLE KEYS */;
INSERT INTO `acl2` VALUES (1,1,'\0',NULL),(2,2,'',1);
/*!40000 ALTER TABLE `acl2` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `attributes`
--

DROP TABLE IF EXISTS `attributes`;
CREATE TABLE `attributes` (
  `a_id` bigint(20) NOT NULL,
  `a_desc` text,
  `a_name` varchar(255),
  `a_uniq` bit(1) NOT NULL,
  PRIMARY KEY (`a_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `attributes` WRITE;
/*!40000 ALTER TABLE `attributes` DISABLE KEYS */;
INSERT INTO `attributes` VALUES (1,'a nick; name','nickname',''),(2,NULL,'quota','\0');
/*!40000 ALTER TABLE `attributes` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `ca`
--

DROP TABLE IF EXISTS `ca`;
CREATE TABLE `ca` (
  `cid` smallint(6) NOT NULL,
  `creation_time` datetime NOT NULL,
  `description` varchar(255),
  `subject_string` varchar(255),
  PRIMARY KEY (`cid`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `ca` WRITE;
/*!40000 ALTER TABLE `ca` DISABLE KEYS */;
INSERT INTO `ca` VALUES (1,'2024-05-01 10:00:00',NULL,'/C=IT/O=Small/CN=CA'),(2,'2024-05-01 10:00:00','it\'s the other','/C=IT/O=Small/CN=Other CA');
/*!40000 ALTER TABLE `ca` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `certificate`
--

DROP TABLE IF EXISTS `certificate`;
CREATE TABLE `certificate` (
  `id` bigint(20) NOT NULL,
  `creation_time` datetime NOT NULL,
  `subject_string` varchar(255),
  `suspended` bit(1) NOT NULL,
  `suspended_reason` varchar(255),
  `suspension_reason_code` varchar(255),
  `ca_id` smallint(6) NOT NULL,
  `usr_id` bigint(20) NOT NULL,
  PRIMARY KEY (`id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `certificate` WRITE;
/*!40000 ALTER TABLE `certificate` DISABLE KEYS */;
INSERT INTO `certificate` VALUES (1,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','\0',NULL,NULL,1,1),
  (2,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','\0',NULL,NULL,2,1),
  (3,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Bob/Email=bob@small.example','','key; lost: \'oops\'','OTHER',1,2),
  (4,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Bob/emailAddress=bob@small.example','\0',NULL,NULL,1,2),
  (5,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Eve/UID=eve','\0',NULL,NULL,1,3),
  (6,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Eve/USERID=eve','\0',NULL,NULL,1,4),
  (7,'2024-05-01 10:00:00','CN=Zoe,O=Small,C=IT','\0',NULL,NULL,1,4),
  (8,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Nobody','\0',NULL,NULL,9,1),
  (9,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Zoé','\0',NULL,NULL,1,4),
  (10,'2024-05-01 10:00:00','/C=IT/O=Small/CN=Sue','\0',NULL,NULL,1,5);
/*!40000 ALTER TABLE `certificate` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `group_attrs`
--

DROP TABLE IF EXISTS `group_attrs`;
CREATE TABLE `group_attrs` (
  `a_value` varchar(255),
  `g_id` bigint(20) NOT NULL,
  `a_id` bigint(20) NOT NULL,
  PRIMARY KEY (`g_id`,`a_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `group_attrs` WRITE;
/*!40000 ALTER TABLE `group_attrs` DISABLE KEYS */;
INSERT INTO `group_attrs` VALUES ('10 GB',2,2);
/*!40000 ALTER TABLE `group_attrs` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `groups`
--

DROP TABLE IF EXISTS `groups`;
CREATE TABLE `groups` (
  `gid` bigint(20) NOT NULL,
  `description` varchar(255),
  `must` bit(1) NOT NULL,
  `dn` varchar(255),
  `restricted` bit(1) DEFAULT NULL,
  `parent` bigint(20) DEFAULT NULL,
  PRIMARY KEY (`gid`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `groups` WRITE;
/*!40000 ALTER TABLE `groups` DISABLE KEYS */;
INSERT INTO `groups` VALUES (1,NULL,'','/small','\0',1),(2,'first','','/small/G1',NULL,1),(3,NULL,'','/small/gone/deep','\0',1),(4,NULL,'','/other','\0',4),(5,NULL,'','/small/(odd) näme','\0',1),(6,NULL,'','/small/G1/R1','\0',2);
/*!40000 ALTER TABLE `groups` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `m`
--

DROP TABLE IF EXISTS `m`;
CREATE TABLE `m` (
  `mapping_id` bigint(20) NOT NULL,
  `gid` bigint(20) NOT NULL,
  `rid` bigint(20) DEFAULT NULL,
  `userid` bigint(20) NOT NULL,
  PRIMARY KEY (`mapping_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `m` WRITE;
/*!40000 ALTER TABLE `m` DISABLE KEYS */;
INSERT INTO `m` VALUES (1,1,NULL,1),(2,1,NULL,1),(3,2,NULL,1),(4,2,1,1),(5,1,NULL,2),(6,2,2,2),(7,3,NULL,2),(8,4,NULL,2),(9,1,NULL,99),(10,99,NULL,1),(11,1,99,1),(12,1,NULL,3),(13,5,NULL,4);
/*!40000 ALTER TABLE `m` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `role_attrs`
--

DROP TABLE IF EXISTS `role_attrs`;
CREATE TABLE `role_attrs` (
  `a_value` varchar(255),
  `r_id` bigint(20) NOT NULL,
  `g_id` bigint(20) NOT NULL,
  `a_id` bigint(20) NOT NULL,
  PRIMARY KEY (`r_id`,`g_id`,`a_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `role_attrs` WRITE;
/*!40000 ALTER TABLE `role_attrs` DISABLE KEYS */;
INSERT INTO `role_attrs` VALUES (NULL,1,2,2);
/*!40000 ALTER TABLE `role_attrs` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `roles`
--

DROP TABLE IF EXISTS `roles`;
CREATE TABLE `roles` (
  `rid` bigint(20) NOT NULL,
  `role` varchar(255),
  PRIMARY KEY (`rid`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `roles` WRITE;
/*!40000 ALTER TABLE `roles` DISABLE KEYS */;
INSERT INTO `roles` VALUES (1,'R1'),(2,'a/b');
/*!40000 ALTER TABLE `roles` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `usr`
--

DROP TABLE IF EXISTS `usr`;
CREATE TABLE `usr` (
  `userid` bigint(20) NOT NULL,
  `address` varchar(255),
  `creation_time` datetime NOT NULL,
  `dn` varchar(255),
  `email_address` varchar(255) NOT NULL,
  `end_time` datetime DEFAULT NULL,
  `institution` varchar(255),
  `name` varchar(255),
  `orgdb_id` bigint(20) DEFAULT NULL,
  `phone_number` varchar(255),
  `surname` varchar(255),
  `suspended` bit(1) DEFAULT NULL,
  `suspension_reason` varchar(255),
  `suspension_reason_code` varchar(255),
  `ca` smallint(6) DEFAULT NULL,
  PRIMARY KEY (`userid`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `usr` WRITE;
/*!40000 ALTER TABLE `usr` DISABLE KEYS */;
INSERT INTO `usr` VALUES (1,'1 Road\nTown','2024-05-01 10:00:00','/C=IT/O=Small/CN=Ada','ada@small.example','2025-01-01 00:00:00','Café \\ Bar','Ada',4711,'+1','L\'Ovelace','\0',NULL,NULL,1),
  (2,NULL,'2024-05-01 10:00:00',NULL,'shared@small.example','2030-01-01 00:00:00',NULL,'Bob',NULL,NULL,NULL,'\0',NULL,NULL,NULL),
  (3,NULL,'2024-05-01 10:00:00',NULL,'shared@small.example','0000-00-00 00:00:00',NULL,'Eve',NULL,NULL,NULL,NULL,NULL,NULL,NULL),
  (4,NULL,'2024-05-01 10:00:00',NULL,'zoe@small.example',NULL,NULL,'Zoé 😀',NULL,NULL,NULL,'\0',NULL,NULL,NULL),
  (5,NULL,'2024-05-01 10:00:00',NULL,'sue@small.example',NULL,NULL,'Sue',NULL,NULL,NULL,'','AUP not signed','FAILED_TO_SIGN_AUP',NULL),
  (6,NULL,'2024-05-01 10:00:00',NULL,'none@small.example',NULL,NULL,'None',NULL,NULL,NULL,'\0',NULL,NULL,NULL);
/*!40000 ALTER TABLE `usr` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `usr_attrs`
--

DROP TABLE IF EXISTS `usr_attrs`;
CREATE TABLE `usr_attrs` (
  `a_value` varchar(255),
  `u_id` bigint(20) NOT NULL,
  `a_id` bigint(20) NOT NULL,
  PRIMARY KEY (`u_id`,`a_id`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `usr_attrs` WRITE;
/*!40000 ALTER TABLE `usr_attrs` DISABLE KEYS */;
INSERT INTO `usr_attrs` VALUES ('ada;1',1,1),('bob',2,1);
/*!40000 ALTER TABLE `usr_attrs` ENABLE KEYS */;
UNLOCK TABLES;

--
-- Table structure for table `version`
--

DROP TABLE IF EXISTS `version`;
CREATE TABLE `version` (
  `version` int(11) NOT NULL,
  `admin_version` varchar(255),
  PRIMARY KEY (`version`)
) ENGINE=InnoDB DEFAULT CHARSET=latin1;
LOCK TABLES `version` WRITE;
/*!40000 ALTER TABLE `version` DISABLE KEYS */;
INSERT INTO `version` VALUES (3,'6');
/*!40000 ALTER TABLE `version` ENABLE KEYS */;
UNLOCK TABLES;
/*!40101 SET SQL_MODE=@OLD_SQL_MODE */;

-- Dump completed on 2026-01-01  0:00:00
